internal import AssayMessages
internal import Dispatch
internal import Foundation
public import Storage
internal import Synchronization
internal import Wire

/// Finds decisions by whom they concern, how they came out, which rule held, and when.
///
/// Rows are written in one batch with the record. Those of a store that has none yet are made from
/// its records, behind the back of whoever decides.
public final class DecisionSearch: Sendable {
    /// See `SearchKey`.
    public static let family = Family("decision_search")

    static let builtKey = Array("search.built".utf8)
    static let cursorKey = Array("search.cursor".utf8)
    static let format: [UInt8] = [1]

    /// How far the rows of an older store are.
    enum Progress: Sendable, Hashable {
        case ready
        case building(done: UInt64, of: UInt64)
        case failed(String)
    }

    /// Rows that one page looks at, and records that it opens, before it gives the turn back.
    static let maximumRows = 20_000
    static let maximumRecords = 400

    let store: any KeyValueStore
    let state: Mutex<Progress>
    let queue = DispatchQueue(label: "assay.risk.decision-search", qos: .utility)

    /// - Parameter lastSequence: of the log, when it was opened.
    public init(store: any KeyValueStore, lastSequence: UInt64) {
        self.store = store
        let progress = Self.begin(store, lastSequence)
        state = Mutex(progress)
        if case .building = progress { build(to: lastSequence) }
    }

    private static func begin(_ store: any KeyValueStore, _ lastSequence: UInt64) -> Progress {
        do {
            if try store.get(builtKey, in: DecisionLog.meta) == format { return .ready }
            guard lastSequence == 0 else { return .building(done: 0, of: lastSequence) }
            try markBuilt(in: store)
            return .ready
        } catch {
            return .failed("\(error)")
        }
    }

    var progress: Progress { state.withLock { $0 } }

    static func markBuilt(in store: any KeyValueStore) throws {
        var batch = WriteBatch()
        batch.put(builtKey, format, in: DecisionLog.meta)
        batch.delete(cursorKey, in: DecisionLog.meta)
        try store.write(batch, sync: true)
    }

    // MARK: Rows

    /// The rows by which a record is found.
    static func rows(
        for record: AssayRiskV1.DecisionRecord, at sequence: UInt64, subjects: [String],
        into batch: inout WriteBatch
    ) {
        let place = SearchKey.Place(time: record.decidedAt, sequence: sequence)
        let value = [
            UInt8(truncatingIfNeeded: record.kind.number),
            UInt8(truncatingIfNeeded: record.outcome.status.number),
        ]
        func put(_ dimension: SearchKey.Dimension, _ text: String) {
            let key = SearchKey.prefix(dimension, record.tenant, text) + place.bytes
            batch.put(key, value, in: family)
        }
        put(.time, "")
        // Most decisions are approved payments: those are found by time.
        if record.outcome.status != .approved { put(.status, "\(record.outcome.status.number)") }
        if record.kind != .transaction { put(.kind, "\(record.kind.number)") }
        if !record.transactionID.isEmpty { put(.transaction, record.transactionID) }
        for (index, subject) in subjects.enumerated()
        where !subject.isEmpty && !subjects[..<index].contains(subject) {
            put(.subject, subject)
        }
        for flag in record.outcome.flags { put(.rule, flag.rule) }
    }

    // MARK: Pages

    struct Page: Sendable {
        var decisions: [AssayRiskV1.Decision] = []
        /// Where the next page goes on; nil: there are no more.
        var next: SearchKey.Place?
    }

    /// Decisions, newest first. A page may have fewer than `size`, even none, and still not be the
    /// last: what fits is rare, and others want their turn.
    func page(_ query: DecisionQuery, after place: SearchKey.Place?, size: Int) throws -> Page {
        var page = Page()
        var looked = 0
        var opened = 0
        var last: SearchKey.Place?
        let range = query.range(before: place)
        guard let range else { return page }
        try store.scan(Self.family, range, reversed: true) { key, value in
            guard page.decisions.count < size, looked < Self.maximumRows,
                opened < Self.maximumRecords
            else {
                page.next = last
                return false
            }
            guard let place = SearchKey.Place(suffix: Array(key)) else { return true }
            looked += 1
            last = place
            guard value.count >= 2, query.fits(kind: value[0], status: value[1]) else {
                return true
            }
            opened += 1
            if let decision = try decision(at: place.sequence, query) {
                page.decisions.append(decision)
            }
            return true
        }
        return page
    }

    /// Nil if it does not fit after all.
    private func decision(
        at sequence: UInt64, _ query: DecisionQuery
    ) throws -> AssayRiskV1.Decision? {
        guard let bytes = try store.get(DecisionLog.key(sequence), in: DecisionLog.records) else {
            throw StorageError(.corrupt, "record \(sequence) is missing")
        }
        let sealed = try SealedRecord.verify(bytes)
        let record: AssayRiskV1.DecisionRecord = try sealed.open()
        guard record.tenant == query.tenant, query.fits(record) else { return nil }
        return AssayRiskV1.Decision(
            record,
            at: AssayRiskV1.LogPosition(
                chain: record.chain, sequence: sequence, digest: sealed.digest.bytes))
    }
}
