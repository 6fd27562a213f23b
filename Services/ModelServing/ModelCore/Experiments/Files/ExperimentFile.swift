public import AssayMessages
internal import Crypto

/// An experiment as its file says it: read, and checked as far as the file alone tells.
public struct ExperimentFile: Sendable {
    public let specification: AssayModelsV1.ExperimentSpecification
    /// SHA-256 of the file's bytes: the name it is kept under.
    public let digest: [UInt8]
    /// Where things stand, for what only the registry can check.
    let places: Places
    /// What the file is called in problems.
    public var name: String { places.file }

    /// Reads a file. Every problem is told at once.
    public init(yaml text: String, name file: String) throws(FileProblems) {
        var reader = ExperimentReader(file: file)
        guard let specification = reader.read(text) else { throw FileProblems(reader.problems) }
        self.specification = specification
        places = reader.places
        digest = Array(SHA256.hash(data: Array(text.utf8)))
    }

    /// Lines and columns by path, such as `arms[1].version`.
    struct Places: Sendable {
        let file: String
        private var byPath: [String: (line: Int, column: Int)] = [:]

        init(file: String) { self.file = file }

        mutating func note(_ path: String, _ node: FileNode) {
            byPath[path] = (node.line, node.column)
        }

        /// A problem at a path, or at the start of the file where the path was left out.
        func problem(_ path: String, _ message: String) -> FileProblem {
            let place = byPath[path] ?? (1, 1)
            return FileProblem(
                file: file, line: place.line, column: place.column, message: "\(path): \(message)")
        }
    }
}

/// Bounds of experiments.
public enum ExperimentLimits {
    public static let runningExperiments = 64
    public static let arms = 8
    public static let holdouts = 16
    public static let basisPoints = 10_000
}
