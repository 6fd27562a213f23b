/// What is wrong with a definition file, and where.
public struct DefinitionProblem: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let location: SourceLocation
    public let message: String

    public init(_ message: String, at location: SourceLocation) {
        self.message = message
        self.location = location
    }

    public var description: String { "\(location): \(message)" }

    /// By place.
    public static func < (a: DefinitionProblem, b: DefinitionProblem) -> Bool {
        (a.location.file, a.location.line, a.location.column, a.message)
            < (b.location.file, b.location.line, b.location.column, b.message)
    }
}

/// Every problem of a set of definition files.
public struct DefinitionError: Error, Sendable, CustomStringConvertible {
    public let problems: [DefinitionProblem]

    public init(_ problems: [DefinitionProblem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
