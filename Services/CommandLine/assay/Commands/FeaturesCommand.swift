import ArgumentParser

/// Works on definitions of features and on events offline: no server is needed.
struct FeaturesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features", abstract: "Computes features from files of events.",
        subcommands: [FeaturesReplayCommand.self])
}
