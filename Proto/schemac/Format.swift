internal import ArgumentParser
internal import Foundation
internal import SchemaCompiler

/// `schemac format`: rewrites the schemas in the one style, or names those that differ from it.
struct Format: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes the schemas in one style.")

    @OptionGroup var sources: SourceOptions

    @Flag(help: "Write nothing; fail if a file would change.")
    var check = false

    func run() throws {
        var different: [String] = []
        for file in try sources.files() {
            guard let text = Formatter.format(file) else {
                throw Failure.findings("\(file.path) does not parse; run 'schemac check'")
            }
            if Array(text.utf8) == file.bytes { continue }
            different.append(file.path)
            if check { continue }
            let path = "\(sources.schemas)/\(file.path)"
            do {
                try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
            } catch {
                throw Failure.input("cannot write '\(path)'")
            }
        }
        if check, !different.isEmpty {
            throw Failure.findings(
                "not in the one style:\n  " + different.joined(separator: "\n  ")
                    + "\nrun schemac format to rewrite them")
        }
    }
}
