import ArgumentParser
import AssayMessages
import Wire

/// Says what an experiment shows so far.
struct ExperimentsAnalyzeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze",
        abstract: "Says what an experiment shows so far.",
        discussion: """
            May be asked as often as one likes, if the experiment's method is asymptotic_sequence \
            or mixture. With --as-of it says what was known then: the same again, for ever.
            """)

    @Argument(help: "The experiment's name.") var name: String
    @Option(help: "The epoch; absent: the present one.") var epoch: UInt32 = 0
    @Option(help: "A time such as 2027-03-01T00:00:00Z; absent: now.") var asOf: String?
    @Flag(help: "Print the analysis as JSON.") var json = false
    @OptionGroup var service: ExperimentsOptions

    func run() async throws {
        let request = AssayModelsV1.AnalyzeRequest(
            experiment: name, epoch: epoch, asOf: try time())
        let analysis = try await service.call(deadline: .seconds(60)) { client, options in
            try await client.analyzeExperiment(request, options: options)
        }
        if json { return print(String(decoding: analysis.json(), as: UTF8.self)) }
        print(AnalysisText(analysis).lines.joined(separator: "\n"))
    }

    private func time() throws -> Timestamp? {
        guard let asOf else { return nil }
        guard let time = Timestamp(asOf) else {
            throw Complaint("--as-of \(asOf): expected a time such as 2027-03-01T00:00:00Z")
        }
        return time
    }
}
