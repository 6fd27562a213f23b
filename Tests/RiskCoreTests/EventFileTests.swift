import AssayMessages
import Foundation
import Testing
import Wire

@testable import RiskCore

@Suite struct EventFileTests {
    private func run(_ lines: [String], threads: Int = 1) throws -> Backtest.Result {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path, withIntermediateDirectories: true)
        let path = folder.path + "/events.jsonl"
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: path))
        let live = try BacktestFixture.side(BacktestFixture.rules())
        let candidate = try BacktestFixture.side(
            BacktestFixture.rules(BacktestFixture.lowerHourlyLimit))
        return try Backtest(live: live, candidate: candidate).run(file: path, threads: threads)
    }

    private func line(_ number: Int, count: Int, label: String, amount: Int = 50_000) -> String {
        """
        {"id":"t-\(number)","at":"2026-03-01T10:00:00Z","subject":"c-\(number)","label":"\(label)",\
        "facts":{"vel.acct_cnt_1h":\(count),"tx.amount":\(amount),"ip.is_tor":\(count > 3),\
        "acct.status":"active"}}
        """
    }

    @Test("labels give precision, recall and money of both sides and of each rule")
    func labels() throws {
        var lines = (0..<40).map { line($0, count: 1, label: "genuine") }
        lines += (40..<50).map { line($0, count: 4, label: $0 < 48 ? "fraud" : "genuine") }
        let result = try run(lines, threads: 2)
        #expect(result.report.decisions == 50)
        let labels = try #require(result.labels)
        #expect(labels.totals.fraud == 8 && labels.totals.genuine == 42)
        let rule = try #require(labels.rules.first { $0.rule == "VEL-001" })
        #expect(rule.hits.fraud == 8 && rule.hits.genuine == 2)
        #expect(rule.hits.fraudAmount == 400_000 && rule.hits.genuineAmount == 100_000)
        #expect(rule.hits.precision.share == 0.8)
        #expect(abs(rule.hits.precision.interval.lowerBound - 0.4901624715) < 1e-6)
        #expect(rule.hits.recall(of: labels.totals).share == 1)
        let stopped = labels.stoppedAfter
        #expect(stopped.fraud >= labels.stoppedBefore.fraud)
        #expect(stopped.fraudAmount == Int64(stopped.fraud) * 50_000)
    }

    @Test("empty lines count for nothing, and without labels there are none in the result")
    func plain() throws {
        let result = try run([
            "", #"{"facts":{"vel.acct_cnt_1h":4,"tx.amount":null}}"#, "  ",
            #"{"facts":{},"expected":["always","card"]}"#, "",
        ])
        #expect(result.report.decisions == 2 && result.labels == nil)
        let rule = try #require(result.report.rules.first { $0.rule == "VEL-001" })
        #expect(rule.hitsBefore == 0 && rule.hitsAfter == 1 && rule.notEvaluated == 1)
    }

    @Test(
        "each mistake is named with its line",
        arguments: [
            ("{", "no JSON object"), ("[]", "no JSON object"),
            (#"{"id":"x"}"#, "'facts' is missing"),
            (#"{"facts":{"no.such":1}}"#, "unknown fact 'no.such'"),
            (#"{"facts":{"tx.amount":"much"}}"#, "the fact tx.amount is int, found 'much'"),
            (#"{"facts":{"tx.amount":true}}"#, "the fact tx.amount is int, found true"),
            (#"{"facts":{},"label":"maybe"}"#, "expected fraud or genuine"),
            (#"{"facts":{},"at":"yesterday"}"#, "expected a time"),
            (#"{"facts":{},"industry":"mining"}"#, "unknown industry 'mining'"),
            (#"{"facts":{},"probability":1.5}"#, "not from 0 to 1"),
            (#"{"facts":{},"expected":["all"]}"#, "unknown kind 'all'"),
        ])
    func mistakes(text: String, message: String) throws {
        let failure = #expect(throws: ConfigurationFailure.self) {
            try run([#"{"facts":{}}"#, text])
        }
        let problem = try #require(failure?.problems.first)
        #expect(problem.line == 2)
        #expect("\(problem)".contains(message), "\(problem)")
    }

    @Test("a file that is not there is a clear mistake")
    func missing() throws {
        let side = try BacktestFixture.side(BacktestFixture.rules())
        #expect(throws: ConfigurationFailure.self) {
            try Backtest(live: side, candidate: side).run(file: "/nowhere/events.jsonl")
        }
    }
}
