internal import Storage

/// The time by which rows are let go: the store's clock, but never more than a day further than an
/// hour ago. So a clock that jumps ahead by years does not cost the event log, and who is told of it
/// has weeks to set it right.
struct RetentionTime {
    private static let key = Array("swept".utf8)

    let store: any KeyValueStore

    /// - Parameter now: the clock, in milliseconds.
    func trusted(now: Int64, log: EventLog) throws -> Int64 {
        if let known = try store.get(Self.key, in: .meta).flatMap({ StorageKey.sequence($0) }) {
            return min(now, Int64(clamping: known))
        }
        // Never swept: by what came last.
        guard let newest = try log.newestReceived() else { return now }
        return min(now, newest.addingClamped(StateLife.day))
    }

    /// An hour has passed, and rows were let go by `trusted`.
    func swept(at trusted: Int64, now: Int64) throws {
        let next = min(now, trusted.addingClamped(StateLife.day))
        var batch = WriteBatch()
        batch.put(Self.key, StorageKey.bigEndian(UInt64(max(0, next))), in: .meta)
        try store.write(batch, sync: false)
    }
}
