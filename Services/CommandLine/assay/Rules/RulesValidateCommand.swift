import ArgumentParser
import AssayMessages
import RiskCore

/// Says everything that is wrong with a folder of rules.
struct RulesValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Says everything that is wrong with a folder of rules.",
        discussion: """
            Files are read, checked, compiled and tested as they would be before they decide. Nothing \
            has to run. With --running the running service checks what differs from its rules, and \
            says what would change. Exit code 0: nothing is wrong; 1: something is.
            """)

    @OptionGroup var files: RulesFolder
    @Flag(help: "Ask the running service, and compare with what decides there.") var running = false
    @OptionGroup var service: RulesOptions
    @OptionGroup var output: RulesOutput

    func run() async throws {
        let compiled = try files.compiled()
        guard running else {
            let report = AssayRiskV1.ValidationReport(
                rules: UInt32(compiled.rules.rules.count), tests: UInt32(compiled.contents.tests),
                cost: UInt64(compiled.cost), ruleSet: compiled.rules.digest)
            return show(report)
        }
        let folder = compiled.folder
        let report = try await service.call { client, options in
            let live = RuleFolder(
                try await client.listRuleFiles(AssayRiskV1.ListRuleFilesRequest(), options: options)
            )
            return try await client.validateRules(
                AssayRiskV1.RuleFiles(files: folder.changes(from: live)), options: options)
        }
        guard report.problems.isEmpty else {
            ProblemText.print(
                report.problems.map {
                    Problem(
                        file: $0.file, line: Int($0.line), column: Int($0.column),
                        message: $0.message)
                }, folder, in: files.folder)
            throw ExitCode(1)
        }
        show(report)
    }

    private func show(_ report: AssayRiskV1.ValidationReport) {
        if output.json { return print(RulesText.json(report)) }
        print(RulesText.lines(report).joined(separator: "\n"))
        print("rule set \(RegistryText.digest(report.ruleSet))")
    }
}
