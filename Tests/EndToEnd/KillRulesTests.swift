import AssayMessages
import Foundation
import RPC
import Synchronization
import TestSupport
import Testing

/// `make kill-rules POINTS=200` runs it in full.
@Suite("Changes of the rules under kill -9", .serialized)
struct KillRulesTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let points = environment["ASSAY_KILL_POINTS"].flatMap { Int($0) } ?? 4

    /// What the clients of a process were told before it was killed.
    private final class Told: Sendable {
        struct State {
            /// The limit that was live for sure, and the one that was being applied.
            var live = 5
            var applying: Int?
            var acknowledged = 0
            var number = 0
            /// What was refused by a process that lived.
            var refusals: [String] = []
        }

        let state = Mutex(State())
    }

    @Test("the live set is the old one or the new one, and what was acknowledged is there")
    func kill() async throws {
        var random = SeededGenerator(seed: 7)
        let folder = try TemporaryDirectory()
        let told = Told()
        let rules = try RuleFiles.small(in: folder)
        for point in 0..<Self.points {
            let risk = try await RiskProcess.start(in: folder.path, rules: rules)
            try await check(risk, told, point)
            let delay = Duration.milliseconds(Int.random(in: 1...400, using: &random))
            let before = told.state.withLock { $0.acknowledged }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await Self.change(risk, told) }
                // Every other time at least one change came through before.
                for _ in 0..<2_000 where point % 2 == 0 {
                    if told.state.withLock({ $0.acknowledged }) > before { break }
                    try? await Task.sleep(for: .milliseconds(10))
                }
                try? await Task.sleep(for: delay)
                await risk.kill()
            }
        }
        let risk = try await RiskProcess.start(in: folder.path, rules: rules)
        try await check(risk, told, Self.points)
        await risk.kill()
        let proven = try await RiskProcess.verify(folder.path)
        #expect(proven.end == .exit(0), "\(proven.output)\(proven.errors)")
        let (acknowledged, refusals) = told.state.withLock { ($0.acknowledged, $0.refusals) }
        print("\(Self.points) kills, \(acknowledged) changes acknowledged")
        #expect(acknowledged >= Self.points / 2)
        #expect(refusals == [])
    }

    /// Proposes, reviews and applies until the process is gone.
    private static func change(_ risk: RiskProcess, _ told: Told) async {
        while true {
            let number = told.state.withLock { state in
                state.number += 1
                return state.number
            }
            let limit = 6 + number % 900
            do {
                let text = try RuleFiles.velocity(limit: limit)
                let proposal = try await risk.rules.proposeRules(
                    AssayRiskV1.ProposeRequest(
                        requestID: "p-\(number)",
                        files: [AssayRiskV1.RuleFile(name: RuleFiles.velocity, text: text)],
                        reason: "limit \(limit)"), options: RiskProcess.options("author"))
                _ = try await risk.rules.reviewProposal(
                    AssayRiskV1.ReviewRequest(
                        requestID: "r-\(number)", proposalID: proposal.proposalID, approve: true),
                    options: RiskProcess.options("checker"))
                told.state.withLock { $0.applying = limit }
                _ = try await risk.rules.applyRules(
                    AssayRiskV1.ApplyRequest(
                        requestID: "a-\(number)", proposalID: proposal.proposalID,
                        reason: "agreed"), options: RiskProcess.options("author"))
                told.state.withLock { state in
                    state.live = limit
                    state.applying = nil
                    state.acknowledged += 1
                }
            } catch let error as RPCError where error.code != .unavailable {
                return told.state.withLock { $0.refusals.append("\(error)") }
            } catch {
                return
            }
        }
    }

    private func check(_ risk: RiskProcess, _ told: Told, _ point: Int) async throws {
        let options = RiskProcess.options("author")
        let set = try await risk.rules.listRuleFiles(
            AssayRiskV1.ListRuleFilesRequest(), options: options)
        let pack = try #require(set.files.first { $0.name == RuleFiles.velocity })
        let limit = try #require(RuleFiles.limit(in: pack.text))
        let (live, applying) = told.state.withLock { ($0.live, $0.applying) }
        #expect(limit == live || limit == applying, "point \(point)")
        // The files that are listed are those that decide.
        let report = try await risk.rules.validateRules(
            AssayRiskV1.RuleFiles(files: [pack]), options: options)
        #expect(report.ruleSet == set.ruleSet && report.problems.isEmpty)
        let page = try await risk.rules.listRules(
            AssayRiskV1.ListRulesRequest(pageSize: 1), options: options)
        #expect(page.ruleSet == set.ruleSet)
        let proposals = try await risk.rules.listProposals(
            AssayRiskV1.ListProposalsRequest(status: .applied, pageSize: 1), options: options)
        if !set.proposalID.isEmpty {
            #expect(proposals.proposals.first?.proposalID == set.proposalID)
        }
        told.state.withLock { state in
            state.live = limit
            state.applying = nil
        }
    }
}
