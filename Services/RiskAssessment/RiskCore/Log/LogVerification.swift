internal import AssayMessages
public import Storage
internal import Wire

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
    public static func verify(
        _ store: any KeyValueStore, last: UInt64 = .max
    ) throws -> LogReport {
        var report = LogReport()
        let head = try readHead(store)
        let first = try firstSequence(store, head, last, &report)
        if let problem = report.firstProblem {
            report.firstProblem = problem
            return report
        }
        var chain = try store.get(DecisionLog.chainKey, in: DecisionLog.meta)
            .map { String(decoding: $0, as: UTF8.self) }
        let range = KeyRange(from: DecisionLog.key(first))
        try store.scan(DecisionLog.records, range, reversed: false) { key, value in
            let expected = report.lastSequence + 1
            if let reason = check(Array(key), Array(value), expected, &chain, &report) {
                report.firstProblem = LogProblem(sequence: expected, reason: reason)
                return false
            }
            return true
        }
        if report.firstProblem == nil, let reason = compare(head, report) {
            report.firstProblem = LogProblem(sequence: report.lastSequence + 1, reason: reason)
        }
        return report
    }

    private struct Head {
        var sequence: UInt64
        var digest: [UInt8]
    }

    private static func readHead(_ store: any KeyValueStore) throws -> Head? {
        guard let value = try store.get(DecisionLog.headKey, in: DecisionLog.meta),
            value.count == 40
        else { return nil }
        return Head(sequence: number(value[..<8]), digest: Array(value[8...]))
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Where to start, with the digest of the record before it.
    private static func firstSequence(
        _ store: any KeyValueStore, _ head: Head?, _ last: UInt64, _ report: inout LogReport
    ) throws -> UInt64 {
        guard let head, head.sequence > last else { return 1 }
        let before = head.sequence - last
        guard let bytes = try store.get(DecisionLog.key(before), in: DecisionLog.records) else {
            report.firstProblem = LogProblem(sequence: before, reason: "the record is missing")
            return before
        }
        do {
            report.lastDigest = try SealedRecord.verify(bytes).digest.bytes
            report.lastSequence = before
        } catch {
            report.firstProblem = LogProblem(sequence: before, reason: "\(error)")
        }
        return before + 1
    }

    /// The reason why a record is not the one that belongs here; nil if it is.
    private static func check(
        _ key: [UInt8], _ value: [UInt8], _ expected: UInt64, _ chain: inout String?,
        _ report: inout LogReport
    ) -> String? {
        let found = number(key)
        guard key.count == 8, found == expected else {
            return "the record is missing; the next one there is \(found)"
        }
        let record: AssayRiskV1.DecisionRecord
        let digest: [UInt8]
        do {
            digest = try SealedRecord.verify(value).digest.bytes
            record = try SealedRecord.open(value)
        } catch {
            return "\(error)"
        }
        guard record.sequence == expected else {
            return "the record says it is number \(record.sequence)"
        }
        guard record.previous == report.lastDigest else {
            return "the record does not follow the one before it"
        }
        guard record.chain == chain ?? record.chain else {
            return "the record belongs to the chain '\(record.chain)'"
        }
        chain = record.chain
        report.records += 1
        report.bytes += UInt64(value.count)
        report.lastSequence = expected
        report.lastDigest = digest
        return nil
    }

    /// The head was written together with the last record.
    private static func compare(_ head: Head?, _ report: LogReport) -> String? {
        guard let head else {
            return report.lastSequence == 0 ? nil : "the log has records, but no head"
        }
        if head.sequence > report.lastSequence {
            return "the record is missing; the last one was number \(head.sequence)"
        }
        return head.sequence == report.lastSequence && head.digest == report.lastDigest
            ? nil : "the head names another record"
    }
}
