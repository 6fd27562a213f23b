import ArgumentParser
import RiskCore

/// Runs the tests that stand beside the rules.
struct RulesTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Runs the tests that stand beside the rules.",
        discussion: """
            Each test lays its facts over the benign context and says what the rule comes to; a test \
            that comes to something else is named with its place. Exit code 0: all pass.
            """)

    @OptionGroup var files: RulesFolder
    @Option(help: "Show the tests of this rule.") var rule: String?

    func run() async throws {
        let compiled = try files.compiled()
        if let rule {
            let described = try RulesExplainCommand.described(rule, in: compiled)
            print(described.tests.map { "\(rule): \($0): passed" }.joined(separator: "\n"))
            return
        }
        var packs: [String: Int] = [:]
        for rule in compiled.rules.rules { packs[rule.pack, default: 0] += 1 }
        for (pack, count) in packs.sorted(by: { $0.key < $1.key }) {
            print("\(pack): \(RulesText.counted(count, "rule"))")
        }
        print(
            "\(RulesText.counted(compiled.contents.tests, "test")) of "
                + "\(RulesText.counted(compiled.rules.rules.count, "rule")) passed")
    }
}
