import ArgumentParser
import AssayMessages
import Foundation
import ModelCore
import RPC

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
        let (holdouts, experiments) = ExperimentFolder.parted(read)
        try await service.call { client, options in
            // Experiments name holdouts, so these are in force first.
            let count =
                try await apply(holdouts, client, options)
                + apply(experiments, client, options)
            if count == 0 { print("nothing is to be applied") }
        }
    }

    /// All of the files or, while one has a problem, none. Returns how many were not in force yet.
    private func apply(
        _ files: [ExperimentFolder.File], _ client: AssayModelsV1.Experiments.Client,
        _ options: CallOptions
    ) async throws -> Int {
        var problems: [FileProblem] = []
        var open: [ExperimentFolder.File] = []
        for file in files {
            let plan = try await client.applyExperiment(
                .init(requestID: ExperimentsOptions.requestID(), file: file.text, dryRun: true),
                options: options)
            print(ExperimentText.lines(plan).joined(separator: "\n"))
            problems += plan.problems.map { $0.problem(in: file.path) }
            if !plan.unchanged { open.append(file) }
        }
        for problem in problems.sorted() {
            StandardError.line("\(problem)")
        }
        guard problems.isEmpty else {
            throw Complaint(
                "\(problems.count) problem\(problems.count == 1 ? "" : "s"): none of these files was "
                    + "applied")
        }
        if open.isEmpty { return 0 }
        try confirm()
        for file in open {
            let plan = try await client.applyExperiment(
                .init(requestID: ExperimentsOptions.requestID(), file: file.text, reason: reason),
                options: options)
            print("applied \(file.path): \(plan.experiment)")
        }
        return open.count
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
