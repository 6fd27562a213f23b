import ArgumentParser

/// What aliases ask of the versions they move to.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Shows and sets what aliases ask of versions.",
        subcommands: [PolicyShowCommand.self, PolicyApplyCommand.self, PolicyHistoryCommand.self])
}
