import ArgumentParser
import AssayMessages

/// Shows the rules that decide, and what they did.
struct RulesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Shows the rules that decide, and what they did since the service started.")

    @Option(help: "Only rules of this state: draft, shadow, live, retired.") var state: String?
    @Option(help: "Only rules of this pack.") var pack: String?
    @Option(help: "Only rules whose ids begin so, such as VEL.") var id: String?
    @OptionGroup var service: RulesOptions
    @OptionGroup var output: RulesOutput

    func run() async throws {
        let page = try await read()
        if output.json { return print(RulesText.json(page)) }
        let refused = page.rules.filter { $0.state == "refused" }
        if !refused.isEmpty {
            print("files that came last do not decide:")
            for rule in refused { print("  \(rule.text)") }
        }
        let rules = page.rules.filter { $0.state != "refused" }
        let header = [
            "rule", "state", "score", "outcome", "hit", "no hit", "not eval.", "error", "skipped",
            "name",
        ]
        print(RegistryText.table(header, rules.map { RulesText.line($0) }))
        print(
            "\(RulesText.counted(rules.count, "rule")), generation \(page.generation), rule set "
                + RegistryText.digest(page.ruleSet))
    }

    private func read() async throws -> AssayRiskV1.RulePage {
        try await service.call { client, options in
            var all = AssayRiskV1.RulePage()
            var token = ""
            repeat {
                let page = try await client.listRules(
                    AssayRiskV1.ListRulesRequest(
                        state: state ?? "", pack: pack ?? "", id: id ?? "", pageToken: token),
                    options: options)
                all.rules += page.rules
                all.ruleSet = page.ruleSet
                all.generation = page.generation
                token = page.nextPageToken
            } while !token.isEmpty
            return all
        }
    }
}
