import ArgumentParser
import AssayMessages
import Foundation
import RPC

/// Proves the log of a running service.
struct DecisionsVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Proves that no record of the running service's log was altered.",
        discussion: """
            Checks digests, links and sequences. --deep also decodes every record strictly, and holds \
            the personal facts and requests that are kept against what the records say of them. \
            --replay-each N also makes each N-th decision again. Ends with 1 if something does not hold. The log of \
            a stopped service is proven by: assay-risk --verify-log DIR
            """)

    @Option(help: "The first record.") var from: UInt64 = 0
    @Option(help: "The last record; 0: the last one there is.") var to: UInt64 = 0
    @Option(help: "Make each so manieth decision again; 0: none.") var replayEach: UInt32 = 0
    @Flag(help: "Decode every record, and look at what is kept beside it.") var deep = false
    @Flag(help: "Print every step as JSON.") var json = false
    @OptionGroup var place: WorkspaceOptions

    private static let longest = Duration.seconds(86_400)

    func run() async throws {
        let last = try await place.call(
            AssayRiskV1.DecisionLog.Client.init, deadline: Self.longest, verify)
        if !json { for line in Self.lines(last, replayEach, deep) { print(line) } }
        if last.problem != nil || last.differing > 0 || last.altered > 0 || !last.isDone {
            throw ExitCode(1)
        }
    }

    private func verify(
        _ client: AssayRiskV1.DecisionLog.Client, _ options: CallOptions
    ) async throws -> AssayRiskV1.VerifyProgress {
        let request = AssayRiskV1.VerifyLogRequest(
            from: from, to: to, replayEach: replayEach, deep: deep)
        let json = json
        return try await client.verifyLog(request, options: options) { replies in
            try await Self.follow(replies, json)
        }
    }

    private nonisolated(nonsending) static func follow(
        _ replies: ReplyStream<AssayRiskV1.VerifyProgress>, _ json: Bool
    ) async throws -> AssayRiskV1.VerifyProgress {
        var last = AssayRiskV1.VerifyProgress()
        for try await step in replies {
            last = step
            if json { print(String(decoding: step.json(), as: UTF8.self)) }
        }
        return last
    }

    private static func lines(
        _ last: AssayRiskV1.VerifyProgress, _ replayEach: UInt32, _ deep: Bool
    ) -> [String] {
        let digest = last.lastDigest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        var lines = [
            "chain \(last.chain): \(last.records) records proven, \(last.bytes) bytes, up to number "
                + "\(last.lastSequence)",
            "digest \(digest)",
        ]
        if replayEach > 0 {
            lines.append("\(last.replayed) decisions made again, \(last.differing) differ")
        }
        if deep {
            lines.append(
                "personal facts: \(last.evidence) as committed to, \(last.erased) erased, "
                    + "\(last.altered) altered")
        }
        if let altered = last.alteredFirst {
            lines.append("altered at record \(altered.sequence): \(altered.reason)")
        }
        if let problem = last.problem {
            lines.append("broken at record \(problem.sequence): \(problem.reason)")
        } else {
            lines.append(last.isDone ? "the log is whole" : "the verification was cut off")
        }
        return lines
    }
}
