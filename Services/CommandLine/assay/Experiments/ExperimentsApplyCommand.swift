import ArgumentParser
import AssayMessages
import Foundation
import ModelCore

/// Brings experiment files into force.
struct ExperimentsApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Brings experiment files into force.",
        discussion: """
            Nothing is applied if any file has a problem. A file that is in force already changes \
            nothing, so a pipeline may apply the whole folder at every commit.
            """)

    @Argument(help: ArgumentHelp("Experiment files, or folders of them.", valueName: "file"))
    var files: [String]
    @Option(help: "Why; kept in the registry's log.") var reason = "assay experiments apply"
    @Flag(help: "Apply what the plan says without asking.") var yes = false
    @OptionGroup var service: ExperimentsOptions

    func run() async throws {
        let read = try ExperimentFolder.files(files).map { ($0, try ExperimentFolder.text($0)) }
        try await service.call { client, options in
            var problems: [FileProblem] = []
            var open: [(path: String, text: String)] = []
            for (path, text) in ExperimentFolder.holdoutsFirst(read) {
                let plan = try await client.applyExperiment(
                    .init(
                        requestID: ExperimentsOptions.requestID(), file: text, dryRun: true),
                    options: options)
                print(ExperimentText.lines(plan).joined(separator: "\n"))
                problems += plan.problems.map { $0.problem(in: path) }
                if !plan.unchanged { open.append((path, text)) }
            }
            for problem in problems.sorted() {
                FileHandle.standardError.write(Data("\(problem)\n".utf8))
            }
            guard problems.isEmpty else {
                throw Complaint(
                    "\(problems.count) problem\(problems.count == 1 ? "" : "s"): nothing was applied"
                )
            }
            guard !open.isEmpty else { return print("nothing is to be applied") }
            try confirm()
            for (path, text) in open {
                let plan = try await client.applyExperiment(
                    .init(
                        requestID: ExperimentsOptions.requestID(), file: text, reason: reason),
                    options: options)
                print("applied \(path): \(plan.experiment)")
            }
        }
    }

    private func confirm() throws {
        if yes { return }
        guard isatty(STDIN_FILENO) == 1 else { throw Complaint("to apply it, say --yes") }
        FileHandle.standardOutput.write(Data("\napply? [y/N] ".utf8))
        guard readLine()?.lowercased().hasPrefix("y") == true else {
            throw Complaint("nothing was applied")
        }
    }
}
