import ArgumentParser
import AssayMessages
import Foundation
import ModelCore
import RPC

/// Brings files into force that say what aliases ask for.
struct PolicyApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Brings files into force that say what aliases ask of versions.",
        discussion: """
            Nothing is applied if any file has a problem. A file that is in force already changes \
            nothing, so a pipeline may apply the whole folder at every commit.
            """)

    @Argument(help: ArgumentHelp("Files of policies, or folders of them.", valueName: "file"))
    var files: [String]
    @Option(help: "Why; kept in the registry's log.") var reason = "assay models policy apply"
    @Flag(help: "Only say what would change.") var dryRun = false
    @OptionGroup var registry: RegistryOptions

    func run() async throws {
        let read = try ExperimentFolder.files(files).map { ($0, try ExperimentFolder.text($0)) }
        try check(read)
        for (path, text) in read {
            let plan = try await registry.call { client, options in
                try await client.applyPolicy(
                    AssayModelsV1.ApplyPolicyRequest(
                        requestID: RegistryOptions.requestID(), file: text, dryRun: dryRun,
                        reason: reason), options: options)
            }
            let state = plan.unchanged ? "in force already" : dryRun ? "would change" : "applied"
            print("\(path): \(plan.model) \(state)")
            for change in plan.changes { print("  \(change)") }
        }
    }

    private func check(_ files: [(String, String)]) throws {
        var problems: [FileProblem] = []
        for (path, text) in files {
            do throws(FileProblems) {
                _ = try PolicyFile(yaml: text, name: path)
            } catch {
                problems += error.problems
            }
        }
        guard !problems.isEmpty else { return }
        for problem in problems { StandardError.line("\(problem)") }
        throw Complaint(
            "\(problems.count) problem\(problems.count == 1 ? "" : "s"): none of these files was "
                + "applied")
    }
}
