import ArgumentParser

/// Works on rules: files, and what of them decides.
struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Checks, tests and changes the rules that decide.",
        discussion: """
            validate, test, explain and diff work on files alone, and so can backtest. The others ask the running service: \
            a change is proposed by one key and reviewed by another before it is applied.
            """,
        subcommands: [
            RulesValidateCommand.self, RulesTestCommand.self, RulesExplainCommand.self,
            RulesDiffCommand.self, RulesListCommand.self, RulesFilesCommand.self,
            RulesProposeCommand.self, RulesExceptCommand.self, RulesProposalsCommand.self,
            RulesReviewCommand.self, RulesApplyCommand.self, RulesBacktestCommand.self,
        ])
}
