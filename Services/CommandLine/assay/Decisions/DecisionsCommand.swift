import ArgumentParser

/// Looks at decisions that were made: which, why, and whether they would come out again.
struct DecisionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decisions",
        abstract: "Finds decisions, shows why, makes them again, and proves their log.",
        subcommands: [
            DecisionsListCommand.self, DecisionsShowCommand.self, DecisionsWatchCommand.self,
            DecisionsExplainCommand.self, DecisionsReplayCommand.self,
            DecisionsVerifyCommand.self,
        ])
}
