import ArgumentParser

/// Works on experiments: files, and what of them is in force.
struct ExperimentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiments",
        abstract: "Divides calls among model versions, and shows who met what.",
        subcommands: [
            ExperimentsPlanCommand.self, ExperimentsApplyCommand.self,
            ExperimentsStatusCommand.self, ExperimentsStopCommand.self,
            ExperimentsRecordCommand.self, ExperimentsAnalyzeCommand.self,
            ExperimentsRebuildCommand.self, ExperimentsBucketCommand.self,
        ])
}
