/// Why an expression has no value. When several parts of an expression err, the smallest one is
/// reported, so the result does not depend on the order of evaluation; a missing fact gives way to
/// every other cause.
public enum EvaluationError: UInt8, Error, Sendable, Hashable, CaseIterable {
    case overflow = 1
    case divisionByZero
    case badConversion
    case outOfRange
    case noOverload
    /// A text, list or map over its bound, or more work than an expression may do.
    case tooLarge
    case noSuchKey
    /// A key stands twice in a map, or is no bool, int or text.
    case badKey
    case unknownZone
    /// Only where an expression was not checked.
    case unknownName
    case unknownFunction
    /// Nobody knows a fact that was needed.
    case missingFact = 255

    func merged(with other: EvaluationError) -> EvaluationError {
        rawValue <= other.rawValue ? self : other
    }
}

/// What became of a condition.
public enum ConditionResult: Sendable, Hashable {
    case holds
    case fails
    /// Undecided, and only because facts are missing.
    case missing
    case failed(EvaluationError)
}
