import ArgumentParser
import AssayMessages
import Foundation
import RiskCore

/// Puts a change of the rules up for review.
struct RulesProposeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose",
        abstract: "Puts a change of the rules up for review.",
        discussion: """
            Takes files, or a folder, and sends what differs from what decides. The change is checked \
            and tested before anybody sees it; another key has to approve it. It is void as soon as \
            something else becomes live.
            """)

    @Argument(help: ArgumentHelp("Files of a rule set, or a folder of them.", valueName: "path"))
    var paths: [String] = []
    @Option(help: "Name of a file to take away, such as packs/old.yaml.") var remove: [String] = []
    @Option(help: "Why.") var reason: String
    @Option(help: "Number of a ticket; kept beside the reason.") var ticket: String?
    @OptionGroup var service: RulesOptions
    @OptionGroup var output: RulesOutput

    func validate() throws {
        if paths.isEmpty && remove.isEmpty { throw ValidationError("name files or a folder") }
    }

    func run() async throws {
        let proposal = try await service.call { client, options in
            let set = try await client.listRuleFiles(
                AssayRiskV1.ListRuleFilesRequest(), options: options)
            let live = RuleFolder(set)
            var files = try RulesFolder.changes(paths, from: live)
            files += remove.map { AssayRiskV1.RuleFile(name: $0) }
            guard !files.isEmpty else { throw Complaint("nothing differs from what decides") }
            let checked = try await client.validateRules(
                AssayRiskV1.RuleFiles(files: files), options: options)
            try refuse(checked, live, files)
            return try await client.proposeRules(
                AssayRiskV1.ProposeRequest(
                    requestID: RulesOptions.requestID(), files: files, reason: reason,
                    ticket: ticket ?? "", actor: NSUserName(), expectedRuleSet: set.ruleSet),
                options: options)
        }
        if output.json { return print(RulesText.json(proposal)) }
        print(RulesText.lines(proposal).joined(separator: "\n"))
        print("next, with another key: assay rules review \(proposal.proposalID) --approve")
    }

    private func refuse(
        _ report: AssayRiskV1.ValidationReport, _ live: RuleFolder,
        _ files: [AssayRiskV1.RuleFile]
    ) throws {
        guard !report.problems.isEmpty else { return }
        var texts = live.texts
        for file in files { texts[file.name] = file.text }
        ProblemText.print(
            report.problems.map {
                Problem(
                    file: $0.file, line: Int($0.line), column: Int($0.column), message: $0.message)
            }, RuleFolder(texts: texts), in: "")
        throw ExitCode(1)
    }
}
