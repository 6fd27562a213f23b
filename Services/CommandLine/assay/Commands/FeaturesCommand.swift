import ArgumentParser

/// Works on features: definitions, files of events, training sets, nightly jobs.
struct FeaturesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "Looks at definitions of features, and computes them from recorded events.",
        subcommands: [
            FeaturesPlanCommand.self, FeaturesApplyCommand.self, FeaturesListCommand.self,
            FeaturesExplainCommand.self, FeaturesReplayCommand.self, TrainingSetCommand.self,
            FeaturesNetworkCommand.self, FeaturesDriftCommand.self,
        ])
}
