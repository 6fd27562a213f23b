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
            Without a running service the files are checked on their own and against each other: \
            keys, weights, slots of a layer, targeting.
            """)

    @Argument(help: ArgumentHelp("Experiment files, or folders of them.", valueName: "file"))
    var files: [String]

    func run() async throws {
        var problems: [FileProblem] = []
        var read: [ExperimentFile] = []
        for path in try ExperimentFolder.files(files) {
            do {
                let file = try ExperimentFile(yaml: ExperimentFolder.text(path), name: path)
                problems += ExperimentRules.problems(
                    of: file, beside: read.map { .init($0.specification, file: $0.name) })
                read.append(file)
            } catch let error as FileProblems {
                problems += error.problems
            }
        }
        for file in read { print(ExperimentText.lines(file.specification).joined(separator: "\n")) }
        guard problems.isEmpty else {
            for problem in problems { FileHandle.standardError.write(Data("\(problem)\n".utf8)) }
            throw Complaint("\(problems.count) problem\(problems.count == 1 ? "" : "s")")
        }
    }
}
