public import Storage

/// The first place at which the log does not prove itself.
public struct LogProblem: Sendable, Hashable, CustomStringConvertible {
    /// Sequence at which a good record should stand.
    public var sequence: UInt64
    public var reason: String

    public var description: String { "record \(sequence): \(reason)" }
}

/// What a verification of the log found.
public struct LogReport: Sendable, Hashable {
    /// Records that were verified, from the first one looked at.
    public var records: UInt64 = 0
    public var bytes: UInt64 = 0
    /// The last record that is proven, and its digest.
    public var lastSequence: UInt64 = 0
    public var lastDigest = [UInt8](repeating: 0, count: 32)
    public var firstProblem: LogProblem?
}

/// Checks digests, links and sequences of the records in a store.
public enum LogVerification {
    /// Verifies the last `last` records, or all. Stops at the first problem; what comes before it
    /// is still proven.
    ///
    /// - Parameter decodes: also decodes every record strictly, which proves that it is *the*
    ///   encoding of what it says.
    public static func verify(
        _ store: any KeyValueStore, last: UInt64 = .max, decodes: Bool = false
    ) throws -> LogReport {
        var walk = try LogWalk(store, decodes: decodes)
        if let head = walk.head, head.sequence > last {
            try walk.begin(at: head.sequence - last + 1)
        }
        while try walk.advance(records: .max) {}
        return walk.report
    }
}
