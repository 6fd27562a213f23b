public import FeatureEngine
internal import Foundation

/// A folder of definition files: together they are one definition set.
public enum DefinitionFolder {
    /// Reads every `.yaml` file of the folder, in the order of their names, and compiles them.
    public static func load(_ path: String) throws -> DefinitionSet {
        let folder = URL(filePath: path, directoryHint: .isDirectory)
        guard let found = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw MissingFolder(path: path)
        }
        let names =
            found
            .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
        var files: [DefinitionFile] = []
        var problems: [DefinitionProblem] = []
        for name in names {
            let file = folder.appending(path: name)
            do {
                let text = try String(contentsOf: file, encoding: .utf8)
                files.append(try DefinitionParser.parse(text, file: file.path))
            } catch let error as DefinitionError {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw DefinitionError(problems) }
        return try DefinitionCompiler.compile(files)
    }
}

private struct MissingFolder: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "\(path): there is no such folder of definitions; say where it is with --definitions DIR"
    }
}
