import ArgumentParser
import AssayMessages

/// Shows experiments as they stand.
struct ExperimentsStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows experiments as they stand, with their units.")

    @Argument(help: "Name of one experiment; absent: all that have not ended.") var experiment:
        String?
    @Option(help: "Only those of this model.") var model: String?
    @Flag(help: "Those that have ended, too.") var all = false
    @Flag(help: "Print the reply as JSON.") var json = false
    @OptionGroup var service: ExperimentsOptions

    func validate() throws {
        guard experiment == nil || (model == nil && !all) else {
            throw ValidationError("--model and --all belong to the list, not to one experiment")
        }
    }

    func run() async throws {
        let page = try await service.call { client, options in
            if let experiment {
                return AssayModelsV1.ExperimentPage(experiments: [
                    try await client.getExperiment(
                        .init(experiment: experiment), options: options)
                ])
            }
            return try await client.listExperiments(
                .init(model: model ?? "", withStopped: all), options: options)
        }
        if json { return print(String(decoding: page.json(), as: UTF8.self)) }
        if page.experiments.isEmpty {
            let place = model.map { " on the model \"\($0)\"" } ?? ""
            return print((all ? "there is no experiment" : "no experiment runs") + place)
        }
        for found in page.experiments {
            print(ExperimentText.status(found).joined(separator: "\n"))
        }
    }
}
