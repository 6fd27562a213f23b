package import AssayMessages
internal import Dispatch
public import Storage
internal import Synchronization
public import Wire

/// What shadows said of calls, beside what was answered: written behind the calls, and kept for a
/// time and up to a size.
///
/// Times of recording never go back: what is recorded after a horizon was taken lies behind it. When
/// the log is full, the shadow that takes most of it gives up its oldest rows.
public final class ShadowLog: Sendable {
    /// How much is kept.
    public struct Limits: Sendable {
        public var retention: Duration
        public var bytes: Int

        public init(retention: Duration = .seconds(30 * 86_400), bytes: Int = 512 << 20) {
            self.retention = retention
            self.bytes = bytes
        }
    }

    public struct Health: Sendable, Hashable {
        public var rows = 0
        public var bytes = 0
        /// Rows that found no room in the queue, or that the store refused.
        public var dropped = 0
    }

    /// The families of rows that the log's store must be opened with.
    public static let families: [Family] = [ShadowKeys.family]

    /// Rows that wait to be written; more are dropped.
    static let maximumPending = 65_536
    private static let batch = 1_024
    /// Rows that are removed in one write.
    private static let removedAtOnce = 4_096

    private struct Entry {
        let prefix: [UInt8]
        let row: [UInt8]
    }

    private struct State {
        var pending: [Entry] = []
        var isWriting = false
        var dropped = 0
        var ledger = ShadowLedger()
        /// Of the last row or horizon; only the queue moves it.
        var clock: Int64 = 0
        var sequence: UInt32 = 0
    }

    let keys: ShadowKeys
    let store: any KeyValueStore
    private let limits: Limits
    private let now: @Sendable () -> Timestamp
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "assay.models.shadows", qos: .utility)

    /// Counts what is there. Blocks.
    public init(
        store: any KeyValueStore, tenant: String = "default", limits: Limits = Limits(),
        now: @escaping @Sendable () -> Timestamp
    ) throws {
        self.store = store
        self.limits = limits
        self.now = now
        keys = ShadowKeys(tenant: tenant)
        var state = State()
        try store.scan(ShadowKeys.family, keys.all, reversed: false) { key, value in
            guard let (prefix, time) = ShadowKeys.parts(key) else { return true }
            state.ledger.add(prefix, bytes: key.count + value.count, at: time)
            // Whatever comes now lies behind what was recorded before.
            state.clock = max(state.clock, time + 1)
            return true
        }
        self.state = Mutex(state)
    }

    public var health: Health {
        state.withLock { state in
            let rows = state.ledger.entries.values.reduce(0) { $0 + $1.rows }
            return Health(rows: rows, bytes: state.ledger.bytes, dropped: state.dropped)
        }
    }

    // MARK: Recording

    /// Takes a row to be written; false if there is no room for it.
    package func record(
        _ row: AssayModelsV1.ShadowRow, model: String, shadow: String
    ) -> Bool {
        let entry = Entry(prefix: keys.prefix(model, shadow), row: row.encoded())
        let (isTaken, isFirst) = state.withLock { state in
            guard state.pending.count < Self.maximumPending else {
                state.dropped += 1
                return (false, false)
            }
            state.pending.append(entry)
            defer { state.isWriting = true }
            return (true, !state.isWriting)
        }
        if isFirst { queue.async { self.writePending() } }
        return isTaken
    }

    /// Returns when every row that was recorded before is written. Blocks.
    public func drain() { queue.sync { writePending() } }

    /// A moment, not before this one or the one stated: all that was recorded earlier is written, and
    /// nothing will be recorded before it any more. Blocks.
    package func horizon(after earliest: Int64 = 0) -> Int64 {
        queue.sync {
            writePending()
            let time = tick()
            return state.withLock { state in
                if earliest > time { (state.clock, state.sequence) = (earliest, 0) }
                return state.clock
            }
        }
    }

    /// The time, but never before the last row or horizon. On the queue.
    private func tick() -> Int64 {
        let time = now().millisecondsSinceEpoch
        return state.withLock { state in
            if time > state.clock { (state.clock, state.sequence) = (time, 0) }
            return state.clock
        }
    }

    /// On the queue.
    private func writePending() {
        while true {
            let entries = state.withLock { state in
                let entries = Array(state.pending.prefix(Self.batch))
                state.pending.removeFirst(entries.count)
                state.isWriting = !entries.isEmpty
                return entries
            }
            guard !entries.isEmpty else { return }
            do {
                try write(entries)
                try trimNow()
            } catch {
                state.withLock { $0.dropped += entries.count }
            }
        }
    }

    private func write(_ entries: [Entry]) throws {
        let time = tick()
        var sequence = state.withLock { $0.sequence }
        var batch = WriteBatch()
        var added: [(prefix: [UInt8], bytes: Int)] = []
        for entry in entries {
            let key = keys.row(entry.prefix, time, sequence)
            sequence += 1
            batch.put(key, entry.row, in: ShadowKeys.family)
            added.append((entry.prefix, key.count + entry.row.count))
        }
        try store.write(batch, sync: false)
        state.withLock { state in
            state.sequence = sequence
            for (prefix, bytes) in added { state.ledger.add(prefix, bytes: bytes, at: time) }
        }
    }

    // MARK: Forgetting

    /// Removes what has expired, and what is too much. Returns at once.
    public func trim() {
        queue.async { try? self.trimNow() }
    }

    /// Rows recorded before this have expired: readers do not see them, whether they are there or not.
    private func expiry(at time: Int64) -> Int64 {
        let kept = Int64(clamping: Int(limits.retention / .milliseconds(1)))
        return time > kept ? time - kept : 0
    }

    /// On the queue.
    private func trimNow() throws {
        let expiry = expiry(at: now().millisecondsSinceEpoch)
        while let prefix = state.withLock({ $0.ledger.expired(before: expiry) }) {
            try removeOldest(prefix) { time, _ in time < expiry }
        }
        while state.withLock({ $0.ledger.bytes }) > limits.bytes,
            let prefix = state.withLock({ $0.ledger.largest })
        {
            // A little more than has to be, so that not every row is followed by a removal.
            let excess = state.withLock { $0.ledger.bytes } - limits.bytes + limits.bytes / 64
            try removeOldest(prefix) { _, removed in removed < excess }
        }
    }

    /// Removes rows of a shadow from the oldest on, while they are to go, up to some thousands.
    private func removeOldest(
        _ prefix: [UInt8], while isToGo: (_ time: Int64, _ removed: Int) -> Bool
    ) throws {
        let first = state.withLock { $0.ledger[prefix].oldest }
        let range = KeyRange(
            from: keys.time(prefix, first == .max ? 0 : first), to: KeyRange.prefix(prefix).upper)
        var batch = WriteBatch()
        var (rows, bytes) = (0, 0)
        var next: Int64?
        try store.scan(ShadowKeys.family, range, reversed: false) { key, value in
            guard let (_, time) = ShadowKeys.parts(key) else { return true }
            guard rows < Self.removedAtOnce, isToGo(time, bytes) else {
                next = time
                return false
            }
            batch.delete(Array(key), in: ShadowKeys.family)
            rows += 1
            bytes += key.count + value.count
            return true
        }
        try store.write(batch, sync: false)
        state.withLock {
            $0.ledger.remove(prefix, rows: rows, bytes: bytes, oldest: next)
        }
    }

    // MARK: Reading

    /// The shadows of a model that have rows, by name.
    func shadows(of model: String) -> [String] {
        let start = keys.prefix(model)
        return state.withLock { $0.ledger.entries.keys }.filter { $0.starts(with: start) }
            .map { String(decoding: $0.dropFirst(start.count).dropLast(), as: UTF8.self) }.sorted()
    }

    /// The rows of a shadow in the order of recording, without those that have expired. Blocks.
    package func visit(
        model: String, shadow: String, from first: Int64 = 0, before horizon: Int64,
        _ body: (AssayModelsV1.ShadowRow) throws -> Void
    ) throws {
        try visit(model, shadow, first..<max(first, horizon), reversed: false) { row, _ in
            try body(row)
            return true
        }
    }

    /// The same from the newest row on, each with the time of its recording, while `body` returns true.
    func visitNewest(
        model: String, shadow: String, from first: Int64 = 0, before horizon: Int64,
        _ body: (AssayModelsV1.ShadowRow, _ recordedAt: Int64) throws -> Bool
    ) throws {
        try visit(model, shadow, first..<max(first, horizon), reversed: true, body)
    }

    private func visit(
        _ model: String, _ shadow: String, _ times: Range<Int64>, reversed: Bool,
        _ body: (AssayModelsV1.ShadowRow, _ recordedAt: Int64) throws -> Bool
    ) throws {
        let prefix = keys.prefix(model, shadow)
        let start = max(times.lowerBound, expiry(at: now().millisecondsSinceEpoch))
        guard start < times.upperBound else { return }
        let range = KeyRange(
            from: keys.time(prefix, start), to: keys.time(prefix, times.upperBound))
        try store.scan(ShadowKeys.family, range, reversed: reversed) { key, value in
            let row: AssayModelsV1.ShadowRow
            do throws(WireError) {
                row = try AssayModelsV1.ShadowRow(decoding: Array(value), door: .strict)
            } catch {
                throw StorageError(
                    .corrupt, "a row of shadow \(shadow) of \(model) is damaged: \(error)")
            }
            return try body(row, ShadowKeys.parts(key)?.time ?? 0)
        }
    }
}
