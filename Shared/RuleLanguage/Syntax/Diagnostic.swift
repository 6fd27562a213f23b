/// A stretch of source text: where it starts, counted in lines and Unicode scalars from 1, and how
/// many scalars it covers.
public struct SourceSpan: Sendable, Hashable {
    public var line: Int
    public var column: Int
    public var length: Int

    public init(line: Int, column: Int, length: Int = 1) {
        self.line = line
        self.column = column
        self.length = length
    }
}

/// One thing that is wrong with an expression, in words that say what was found and what was
/// expected.
public struct Diagnostic: Error, Sendable, Hashable, CustomStringConvertible {
    public var span: SourceSpan
    public var message: String

    public init(span: SourceSpan, message: String) {
        self.span = span
        self.message = message
    }

    public var description: String { "\(span.line):\(span.column): \(message)" }
}

/// Every problem of one expression; never empty.
public struct CompilationFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public var diagnostics: [Diagnostic]

    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    public var description: String {
        diagnostics.map(\.description).joined(separator: "\n")
    }
}

/// Bounds on what a text may ask of the compiler and of the evaluator.
public struct ExpressionLimits: Sendable {
    public var maximumSourceBytes = 4_096
    public var maximumNodes = 512
    /// Grammar levels; chains of operators are loops and do not count.
    public var maximumNesting = 64
    public var maximumCost = 10_000
    /// Bytes of a text that an expression builds.
    public static let maximumTextBytes = 65_536
    /// Entries of a list that an expression builds.
    public static let maximumListEntries = 10_000

    public init() {}
}
