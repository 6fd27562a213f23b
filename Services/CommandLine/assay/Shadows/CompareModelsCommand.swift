import ArgumentParser
import AssayMessages
import Wire

/// Puts a shadow's scores beside those that were answered.
struct CompareModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Says how a shadow's scores differ from those that were answered.",
        discussion: """
            A call is selected from the lower edge of a band on, each version by its own bands; \
            absent, of its highest band. With --as-of it says what was recorded until then: the \
            same again, as long as the log keeps it.
            """)

    @Argument(help: "Name of the model.") var model: String
    @Option(help: "Name of the shadow.") var shadow: String
    @Option(help: "The version that answered; absent: the one that answered most.") var baseline:
        UInt32 = 0
    @Option(help: "Calls are selected from this band on.") var band = ""
    @Option(help: "Calls are selected from this score on.") var threshold: Double?
    @Option(help: "From this score on by the shadow's version, if another.")
    var challengerThreshold: Double?
    @Option(help: "The outcome that says what came of calls, such as outcome.fraud.")
    var outcome = ""
    @Option(help: "Only what was recorded from a time such as 2027-03-01T00:00:00Z on.")
    var since: String?
    @Option(help: "Only what was recorded before a time; absent: now.") var asOf: String?
    @Flag(help: "Print the comparison as JSON.") var json = false
    @OptionGroup var service: MonitoringOptions

    func run() async throws {
        let request = AssayModelsV1.CompareRequest(
            model: model, shadow: shadow, baseline: baseline, band: band, threshold: threshold,
            challengerThreshold: challengerThreshold, outcome: outcome,
            since: try time("--since", since), asOf: try time("--as-of", asOf))
        let found = try await service.call(deadline: .seconds(60)) { client, options in
            try await client.compare(request, options: options)
        }
        if json { return print(String(decoding: found.json(), as: UTF8.self)) }
        print(ComparisonText(found).lines.joined(separator: "\n"))
    }

    private func time(_ option: String, _ text: String?) throws -> Timestamp? {
        guard let text else { return nil }
        guard let time = Timestamp(text) else {
            throw Complaint("\(option) \(text): expected a time such as 2027-03-01T00:00:00Z")
        }
        return time
    }
}
