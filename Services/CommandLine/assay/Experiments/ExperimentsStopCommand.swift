import ArgumentParser
import AssayMessages

/// Ends an experiment, halts its ramp, or sends its units to control.
struct ExperimentsStopCommand: AsyncParsableCommand {
    enum Action: String, CaseIterable, ExpressibleByArgument {
        case end, halt, resume, control

        var state: AssayModelsV1.ExperimentState {
            switch self {
            case .end: .stopped
            case .halt: .halted
            case .resume: .running
            case .control: .controlled
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Ends an experiment, halts its ramp, or sends its units to control.",
        discussion: """
            end gives the alias free; a new epoch begins another one. halt keeps the ramp where it \
            is, resume lets it go on. control sends every unit that takes part to the control \
            version with the next call, and cannot be taken back within the epoch.
            """)

    @Argument(help: "Name of the experiment.") var experiment: String
    @Option(help: "What it is to do.") var action = Action.end
    @Option(help: "Why; kept in the registry's log.") var reason: String
    @OptionGroup var service: ExperimentsOptions

    func run() async throws {
        let found = try await service.call { client, options in
            try await client.stopExperiment(
                .init(
                    requestID: ExperimentsOptions.requestID(), experiment: experiment,
                    state: action.state, reason: reason), options: options)
        }
        print(ExperimentText.status(found).joined(separator: "\n"))
    }
}
