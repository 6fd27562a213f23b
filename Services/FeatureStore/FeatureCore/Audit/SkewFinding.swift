internal import Synchronization

/// What the auditor found to differ from the event log.
public struct SkewFinding: Hashable, Sendable, CustomStringConvertible {
    public enum What: String, Hashable, Sendable, CaseIterable {
        /// A state in memory.
        case state
        /// A state as it is stored.
        case blob
        /// A vector as it was served.
        case vector
    }

    public let what: What
    public let tenant: String
    /// The entity type, and of a vector its name.
    public let subject: String
    /// The pseudonym of the entity, in hexadecimal digits.
    public let pid: String
    /// The place in the log up to which the log was replayed.
    public let sequence: UInt64
    public let reason: String

    public var description: String {
        "\(what.rawValue) of \(subject), entity \(pid), at event \(sequence): \(reason)"
    }
}

/// Why something could not be held against the log. This is no mismatch.
public enum SkewSkip: String, Hashable, Sendable, CaseIterable, Error {
    /// Rows of an erased subject lack what the others were computed from.
    case erased
    /// The log no longer reaches back to the first event of the state.
    case beginningGone = "beginning_gone"
    /// What was made under other definitions may differ from what these give.
    case otherDefinitions = "other_definitions"
    /// There are more events than one check may read.
    case tooMany = "too_many"
}

/// What the auditor has done since the store was opened.
public final class SkewStatistics: Sendable {
    private let counts = Mutex(Counts())

    private struct Counts {
        var checks: [SkewFinding.What: Int] = [:]
        var mismatches: [SkewFinding.What: Int] = [:]
        var skips: [SkewSkip: Int] = [:]
        var slices = 0
    }

    init() {}

    public func checks(_ what: SkewFinding.What) -> Int { counts.withLock { $0.checks[what] ?? 0 } }

    /// Each mismatch is counted once, however often it is found.
    public func mismatches(_ what: SkewFinding.What) -> Int {
        counts.withLock { $0.mismatches[what] ?? 0 }
    }

    public func skips(_ reason: SkewSkip) -> Int { counts.withLock { $0.skips[reason] ?? 0 } }

    /// Slices of a thousandth of the entities that were gone through.
    public var slices: Int { counts.withLock { $0.slices } }

    func checked(_ what: SkewFinding.What) { counts.withLock { $0.checks[what, default: 0] += 1 } }
    func differs(_ what: SkewFinding.What) {
        counts.withLock { $0.mismatches[what, default: 0] += 1 }
    }
    func skipped(_ reason: SkewSkip) { counts.withLock { $0.skips[reason, default: 0] += 1 } }
    func wentThrough() { counts.withLock { $0.slices += 1 } }
}
