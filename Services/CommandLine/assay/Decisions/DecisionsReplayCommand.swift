import ArgumentParser
import AssayMessages

/// Makes a decision again.
struct DecisionsReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Makes a decision again with the rules, policy and model of then, and compares.",
        discussion: """
            With --rule-set or --policy (digests; live for what is live now) it shows what would \
            come out under others. Ends with 1 if a decision does not come out as it was recorded.
            """)

    @Argument(help: "Id of the decision.") var decision: String
    @Option(help: "Digest of another rule set, or live.") var ruleSet: String?
    @Option(help: "Digest of another policy, or live.") var policy: String?
    @Flag(help: "Print the report as JSON.") var json = false
    @OptionGroup var service: DecisionsOptions

    func run() async throws {
        let id = try DecisionsOptions.decision(decision)
        let isCandidate = ruleSet != nil || policy != nil
        let request = AssayRiskV1.ReplayDecisionRequest(
            decisionID: id, mode: isCandidate ? .candidate : .recorded,
            ruleSet: try Self.digest(ruleSet), policy: try Self.digest(policy))
        let report = try await service.call { client, options in
            try await client.replayDecision(request, options: options)
        }
        if json {
            print(String(decoding: report.json(), as: UTF8.self))
        } else {
            for line in Self.lines(report, isCandidate) { print(line) }
        }
        if !report.isEqual, !isCandidate { throw ExitCode(1) }
    }

    /// Empty: what is live.
    private static func digest(_ text: String?) throws -> [UInt8] {
        guard let text, text != "live" else { return [] }
        let digits = Array(text)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
        guard digits.count == 64, bytes.count == 32 else {
            throw ValidationError("'\(text)' is no digest of 64 hexadecimal digits, and not 'live'")
        }
        return bytes
    }

    private static func lines(
        _ report: AssayRiskV1.ReplayReport, _ isCandidate: Bool
    ) -> [String] {
        var lines: [String] = []
        let rules = "rule set \(hexadecimal(report.ruleSet.prefix(6)))"
        let policy = "policy \(hexadecimal(report.policy.prefix(6)))"
        if report.isEqual {
            lines.append("the same, byte for byte, under \(rules) and \(policy)")
        } else {
            lines.append("\(report.differences.count) differences under \(rules) and \(policy)")
            lines += DecisionTable.aligned(
                [["  field", "recorded", "now"]]
                    + report.differences.map {
                        ["  \($0.field)", cell($0.recorded), cell($0.replayed)]
                    })
        }
        if report.modelReplayed {
            lines.append("the model was asked again, by its version")
        } else if !report.modelProblem.isEmpty {
            lines.append("the model was not asked again: \(report.modelProblem)")
        }
        if !report.erasedFacts.isEmpty {
            lines.append("erased: " + report.erasedFacts.joined(separator: ", "))
            lines.append("left out for that: " + report.rulesLeftOut.joined(separator: ", "))
        }
        return lines
    }

    private static func cell(_ text: String) -> String {
        text.isEmpty ? "-" : String(text.prefix(48))
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
