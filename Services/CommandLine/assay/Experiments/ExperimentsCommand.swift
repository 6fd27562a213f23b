import ArgumentParser

/// Works on experiments: files, and what of them is in force.
struct ExperimentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiments",
        abstract: "Plans experiments among model versions.",
        subcommands: [
            ExperimentsPlanCommand.self, ExperimentsBucketCommand.self,
        ])
}
