import ArgumentParser
import AssayMessages
import RiskCore

/// Shows what a rule asks, and of what.
struct RulesExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract:
            "Shows a rule: condition, facts and where they come from, cost, parameters, tests.")

    @Argument(help: "Id of the rule, such as VEL-001.") var rule: String
    @Option(help: "Folder of the rules.") var rules = "deploy/rules"
    @Flag(help: "The rule as it decides in the running service.") var running = false
    @OptionGroup var service: RulesOptions

    func run() async throws {
        var folder: RuleFolder
        if running {
            folder = try await service.call { client, options in
                RuleFolder(
                    try await client.listRuleFiles(
                        AssayRiskV1.ListRuleFilesRequest(), options: options))
            }
        } else {
            folder = try RulesFolder.read(rules)
        }
        let compiled = try RulesFolder.compiled(folder, shown: running ? "" : rules)
        print(
            RulesText.lines(try Self.described(rule, in: compiled)).joined(separator: "\n"))
    }

    static func described(_ id: String, in rules: CompiledRules) throws -> RuleDescription {
        guard let described = rules.describe(id) else {
            throw Complaint(
                "no rule '\(id)'; near are \(rules.near(id).joined(separator: ", "))")
        }
        return described
    }
}
