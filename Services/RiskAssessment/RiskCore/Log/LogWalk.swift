public import AssayMessages
public import Storage
internal import Wire

/// A verification in steps, so that it can tell how far it is, and others get their turn.
public struct LogWalk {
    /// The last record, as the store says; nil if it has none.
    struct Head {
        var sequence: UInt64
        var digest: [UInt8]
    }

    public private(set) var report = LogReport()
    let head: Head?
    private let store: any KeyValueStore
    private let decodes: Bool
    /// The last sequence to look at; nil: to the end, with the head.
    private let end: UInt64?
    private(set) var chain: String?
    private var isDone = false

    /// - Parameter end: the last record to verify; nil: all, and that the log ends where its head
    ///   says.
    public init(_ store: any KeyValueStore, to end: UInt64? = nil, decodes: Bool = false) throws {
        self.store = store
        self.end = end
        self.decodes = decodes
        head = try Self.readHead(store)
        chain = try store.get(DecisionLog.chainKey, in: DecisionLog.meta)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Begins at a record instead of the first one: the one before it is proven by its own digest,
    /// and this one by its link to that.
    public mutating func begin(at first: UInt64) throws {
        guard first > 1 else { return }
        let before = first - 1
        guard let bytes = try store.get(DecisionLog.key(before), in: DecisionLog.records) else {
            return stop(at: before, "the record is missing")
        }
        do {
            let record = try SealedRecord.verify(bytes)
            let link = try ChainLink(record)
            guard link.sequence == before else {
                return stop(at: before, "the record says it is number \(link.sequence)")
            }
            report.lastDigest = record.digest.bytes
            report.lastSequence = before
        } catch {
            stop(at: before, "\(error)")
        }
    }

    /// Looks at the next records; false once there is nothing more to look at.
    ///
    /// - Parameters:
    ///   - visit: gets every decision that is proven, with its sequence.
    public mutating func advance(
        records count: Int, bytes: UInt64 = .max,
        visit: ((UInt64, AssayRiskV1.DecisionRecord) throws -> Void)? = nil
    ) throws -> Bool {
        guard !isDone else { return false }
        let (start, startBytes) = (report.records, report.bytes)
        var isCut = false
        let upper = end.flatMap { $0 < .max ? DecisionLog.key($0 + 1) : nil }
        let range = KeyRange(from: DecisionLog.key(report.lastSequence &+ 1), to: upper)
        let store = store
        try store.scan(DecisionLog.records, range, reversed: false) { key, value in
            guard report.records - start < count, report.bytes - startBytes < bytes else {
                isCut = true
                return false
            }
            let expected = report.lastSequence + 1
            if let reason = try check(Array(key), Array(value), expected, visit) {
                stop(at: expected, reason)
                return false
            }
            return true
        }
        guard !isCut, !isDone else { return !isDone }
        finish()
        return false
    }

    private mutating func stop(at sequence: UInt64, _ reason: String) {
        report.firstProblem = LogProblem(sequence: sequence, reason: reason)
        isDone = true
    }

    /// All that is stored was looked at.
    private mutating func finish() {
        isDone = true
        if let end, end < head?.sequence ?? 0 {
            if report.lastSequence < end {
                stop(at: report.lastSequence + 1, "the record is missing")
            }
        } else if let reason = compare() {
            stop(at: report.lastSequence + 1, reason)
        }
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

    /// The reason why a record is not the one that belongs here; nil if it is.
    private mutating func check(
        _ key: [UInt8], _ value: [UInt8], _ expected: UInt64,
        _ visit: ((UInt64, AssayRiskV1.DecisionRecord) throws -> Void)?
    ) throws -> String? {
        let found = Self.number(key)
        guard key.count == 8, found == expected else {
            return "the record is missing; the next one there is \(found)"
        }
        let digest: [UInt8]
        let link: ChainLink
        var decision: AssayRiskV1.DecisionRecord?
        do {
            let record = try SealedRecord.verify(value)
            link = try ChainLink(record)
            digest = record.digest.bytes
            if decodes || visit != nil { decision = try Self.decode(record, link.kind) }
        } catch {
            return "\(error)"
        }
        guard link.sequence == expected else {
            return "the record says it is number \(link.sequence)"
        }
        guard link.previous == report.lastDigest else {
            return "the record does not follow the one before it"
        }
        guard link.chain == chain ?? link.chain else {
            return "the record belongs to the chain '\(link.chain)'"
        }
        chain = link.chain
        report.records += 1
        report.bytes += UInt64(value.count)
        report.lastSequence = expected
        report.lastDigest = digest
        if let decision { try visit?(expected, decision) }
        return nil
    }

    /// Decodes strictly; nil for what is no decision.
    private static func decode(
        _ record: SealedRecord, _ kind: ChainLink.Kind
    ) throws(SealError) -> AssayRiskV1.DecisionRecord? {
        do throws(WireError) {
            switch kind {
            case .decision:
                return try AssayRiskV1.DecisionRecord(decoding: record.payload, door: .strict)
            case .change:
                _ = try AssayRiskV1.ChangeRecord(decoding: record.payload, door: .strict)
                return nil
            }
        } catch {
            throw .payload(error)
        }
    }

    /// The head was written together with the last record.
    private func compare() -> String? {
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
