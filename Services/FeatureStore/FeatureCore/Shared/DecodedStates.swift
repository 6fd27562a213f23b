internal import FeatureEngine
internal import Synchronization

/// States decoded before, so that a blob that has not changed is not decoded again.
///
/// It holds nothing that the shared store does not: who only reads a state reads the token of its blob
/// every time, and what is in here is read only if it is that blob's. Who writes a state may spare the
/// question if it was written here last: the write succeeds only if nobody else has written since. It is
/// bounded in bytes; what was not used for longest goes first.
final class DecodedStates: Sendable {
    private static let shardCount = 16

    /// A class, since to copy a state is to retain each of its many parts.
    private final class Entry {
        let state: FeatureState
        let token: BlobToken
        let bytes: Int
        let isOwn: Bool
        var lastUse: UInt64

        init(_ state: FeatureState, _ token: BlobToken, bytes: Int, isOwn: Bool, at use: UInt64) {
            self.state = state
            self.token = token
            self.bytes = bytes
            self.isOwn = isOwn
            lastUse = use
        }
    }

    private struct Shard {
        var entries: [StateKey: Entry] = [:]
        var bytes = 0
        var uses: UInt64 = 0
    }

    private final class Lock: Sendable {
        let shard = Mutex(Shard())
    }

    private let locks = (0..<shardCount).map { _ in Lock() }
    private let maximumBytes: Int

    init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes / Self.shardCount
    }

    var bytes: Int { locks.reduce(0) { $0 + $1.shard.withLock(\.bytes) } }

    /// Whether there is a state of the entity, of whatever blob.
    func has(_ key: StateKey) -> Bool {
        lock(key).shard.withLock { $0.entries[key] != nil }
    }

    /// The state of a blob, if it is the one put in, or the state of a later one: that was written
    /// here after the token was read. It is no longer in here then, so that whoever changes it need not
    /// copy it first. If somebody else has written since, or the shared store has lost what was written
    /// here, the write of the change finds out.
    ///
    /// - Parameter token: what was read; nil if there was nothing.
    func take(
        _ key: StateKey, atLeast token: BlobToken?
    ) -> (state: FeatureState, token: BlobToken)? {
        lock(key).shard.withLock { shard in
            guard let entry = shard.entries[key],
                entry.token == token || entry.token.version > token?.version ?? 0
            else { return nil }
            shard.entries[key] = nil
            shard.bytes -= entry.bytes
            return (entry.state, entry.token)
        }
    }

    /// The state of a blob, if it is the one put in.
    func find(_ key: StateKey, _ token: BlobToken) -> FeatureState? {
        lock(key).shard.withLock { shard in
            guard let entry = shard.entries[key], entry.token == token else { return nil }
            shard.uses += 1
            entry.lastUse = shard.uses
            return entry.state
        }
    }

    /// Whether there is a state of the entity that was written here, and nobody else was seen to write.
    func hasOwn(_ key: StateKey) -> Bool {
        lock(key).shard.withLock { $0.entries[key]?.isOwn == true }
    }

    /// The state of the entity, if it was written here, and nobody else was seen to write. Others may
    /// have written by now: this is for those who change it, whose write finds out.
    func findOwn(_ key: StateKey) -> (state: FeatureState, token: BlobToken)? {
        lock(key).shard.withLock { shard in
            guard let entry = shard.entries[key], entry.isOwn else { return nil }
            shard.uses += 1
            entry.lastUse = shard.uses
            return (entry.state, entry.token)
        }
    }

    /// - Parameters:
    ///   - token: of the state's blob.
    ///   - isOwn: it was written here, and nobody else was seen to write.
    func put(_ key: StateKey, _ state: FeatureState, _ token: [UInt8], isOwn: Bool) {
        guard let token = BlobToken(token) else { return }
        let bytes = state.byteCount + 96
        lock(key).shard.withLock { shard in
            shard.uses += 1
            let entry = Entry(state, token, bytes: bytes, isOwn: isOwn, at: shard.uses)
            shard.bytes += bytes - (shard.entries.updateValue(entry, forKey: key)?.bytes ?? 0)
            if shard.bytes > maximumBytes { Self.evict(&shard, to: maximumBytes * 3 / 4) }
        }
    }

    /// Drops those not used for longest: seldom, and then many.
    private static func evict(_ shard: inout Shard, to bytes: Int) {
        let oldestFirst = shard.entries.map { ($0.key, $0.value.lastUse) }.sorted { $0.1 < $1.1 }
        for (key, _) in oldestFirst {
            guard shard.bytes > bytes else { return }
            shard.bytes -= shard.entries.removeValue(forKey: key)?.bytes ?? 0
        }
    }

    private func lock(_ key: StateKey) -> Lock { locks[Int(key.high % UInt64(Self.shardCount))] }
}
