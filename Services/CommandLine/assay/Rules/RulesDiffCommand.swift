import ArgumentParser
import AssayMessages
import RiskCore

/// Shows what differs between two sets of rules.
struct RulesDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows which rules, parameters and lists differ between two folders.",
        discussion: """
            With one folder, the other side is what decides in the running service. Exit code 0: \
            nothing differs; 1: something does.
            """)

    @Argument(help: "A folder of rules.") var folder = "deploy/rules"
    @Argument(help: "The folder to compare it with.") var base: String?
    @OptionGroup var service: RulesOptions

    func run() async throws {
        let new = try RulesFolder.compiled(try RulesFolder.read(folder), shown: folder)
        let old: CompiledRules
        if let base {
            old = try RulesFolder.compiled(try RulesFolder.read(base), shown: base)
        } else {
            let live = try await service.call { client, options in
                RuleFolder(
                    try await client.listRuleFiles(
                        AssayRiskV1.ListRuleFilesRequest(), options: options))
            }
            old = try RulesFolder.compiled(live, shown: "")
        }
        let changes = RuleComparison.changes(from: old, to: new)
        for change in changes { print(RulesText.lines(change).joined(separator: "\n")) }
        if !changes.isEmpty { throw ExitCode(1) }
        print("nothing differs")
    }
}
