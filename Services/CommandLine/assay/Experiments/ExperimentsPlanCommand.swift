import ArgumentParser
import AssayMessages
import Foundation
import ModelCore

/// Says what experiment files mean, and everything that is wrong with them.
struct ExperimentsPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what experiment files mean, and everything that is wrong with them.",
        discussion: """
            Files are checked on their own and against each other: keys, weights, slots of a layer, \
            targeting. With --running they are also compared with what is in force: revisions, \
            versions, slots of other experiments, and what applying each would change.
            """)

    @Argument(help: ArgumentHelp("Experiment files, or folders of them.", valueName: "file"))
    var files: [String]
    @Flag(help: "Compare with what is in force on the data folder's service.") var running = false
    @OptionGroup var service: ExperimentsOptions

    func run() async throws {
        var problems: [FileProblem] = []
        var read: [(path: String, text: String)] = []
        var experiments: [ExperimentFile] = []
        for path in try ExperimentFolder.files(files) {
            do {
                let text = try ExperimentFolder.text(path)
                switch try RoutingFile(yaml: text, name: path) {
                case .holdout(let file): print(ExperimentText.line(file.specification))
                case .shadow(let file): print(ShadowText.line(file.specification))
                case .experiment(let file):
                    problems += ExperimentRules.problems(
                        of: file,
                        beside: experiments.map { .init($0.specification, file: $0.name) })
                    experiments.append(file)
                    print(ExperimentText.lines(file.specification).joined(separator: "\n"))
                }
                read.append((path, text))
            } catch let error as FileProblems {
                problems += error.problems
            }
        }
        if running { problems += try await compare(read) }
        guard problems.isEmpty else {
            for problem in Set(problems).sorted() {
                StandardError.line("\(problem)")
            }
            let count = Set(problems).count
            throw Complaint("\(count) problem\(count == 1 ? "" : "s")")
        }
    }

    private func compare(_ files: [(path: String, text: String)]) async throws -> [FileProblem] {
        try await service.call { client, options in
            var problems: [FileProblem] = []
            for (path, text) in files {
                let plan = try await client.applyExperiment(
                    .init(
                        requestID: ExperimentsOptions.requestID(), file: text, dryRun: true),
                    options: options)
                print(ExperimentText.lines(plan).joined(separator: "\n"))
                problems += plan.problems.map { $0.problem(in: path) }
            }
            return problems
        }
    }
}

extension AssayModelsV1.ExperimentProblem {
    func problem(in file: String) -> FileProblem {
        FileProblem(file: file, line: Int(line), column: Int(column), message: message)
    }
}
