import ArgumentParser

/// Works on definitions of features and on events offline: no server is needed.
struct FeaturesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "Looks at definitions of features, and computes them from files of events.",
        subcommands: [
            FeaturesPlanCommand.self, FeaturesApplyCommand.self, FeaturesListCommand.self,
            FeaturesExplainCommand.self, FeaturesReplayCommand.self,
        ])
}
