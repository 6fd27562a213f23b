/// One thing that is wrong with a configuration file, and where.
public struct FileProblem: Error, Sendable, Hashable, Comparable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int
    public var message: String

    public init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String { "\(file):\(line):\(column): \(message)" }

    public static func < (a: FileProblem, b: FileProblem) -> Bool {
        (a.file, a.line, a.column, a.message) < (b.file, b.line, b.column, b.message)
    }
}

/// Every problem of a file; never empty.
public struct FileProblems: Error, Sendable, CustomStringConvertible {
    public var problems: [FileProblem]

    init(_ problems: [FileProblem]) { self.problems = Set(problems).sorted() }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
