import ArgumentParser
import AssayMessages
import Foundation
import RPC

/// Prints decisions as they are made.
struct DecisionsWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Prints decisions as they are made, until it is stopped.",
        discussion: """
            Without --after it begins with the next decision. With --after N it begins behind \
            number N of the log, so that nothing is missed between two watches.
            """)

    @Option(help: "Begin behind this number of the log; 0: with the first decision.")
    var after: UInt64?
    @Option(parsing: .upToNextOption, help: "Only those that came out so.")
    var status: [DecisionsListCommand.Status] = []
    @Option(help: "End after so many.") var count: Int?
    @Flag(help: "One decision a line, as JSON.") var json = false
    @OptionGroup var service: DecisionsOptions

    private static let longest = Duration.seconds(86_400 * 7)

    func run() async throws {
        let request = AssayRiskV1.WatchDecisionsRequest(
            after: after ?? 0, fromNow: after == nil, statuses: status.map(\.message))
        try await service.call(deadline: Self.longest) { client, options in
            try await watch(client, request, options)
        }
    }

    private func watch(
        _ client: AssayRiskV1.RiskAssessment.Client,
        _ request: AssayRiskV1.WatchDecisionsRequest, _ options: CallOptions
    ) async throws {
        let (limit, json) = (count, json)
        _ = try await client.watchDecisions(request, options: options) { replies in
            try await Self.show(replies, limit, json)
        }
    }

    private nonisolated(nonsending) static func show(
        _ replies: ReplyStream<AssayRiskV1.Decision>, _ limit: Int?, _ json: Bool
    ) async throws {
        var seen = 0
        if limit == 0 { return }
        for try await decision in replies {
            let line =
                json
                ? String(decoding: decision.json(), as: UTF8.self)
                : "\(decision.log.sequence)  " + DecisionTable.line(decision)
            print(line)
            fflush(nil)
            seen += 1
            if seen == limit { return }
        }
    }
}
