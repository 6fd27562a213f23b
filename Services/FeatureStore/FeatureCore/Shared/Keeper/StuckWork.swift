internal import Synchronization

/// What the keeper cannot finish by trying again: open events whose rows are gone, or a state of
/// theirs is damaged and cannot be built again; entities that cannot be mended. Each is looked at
/// again after a minute, so that it costs nothing and hides no other.
final class StuckWork<Item: Hashable & Sendable>: Sendable {
    static var pause: UInt64 { 60_000 }
    /// More are tried in every round.
    static var maximumCount: Int { 100_000 }

    private struct Key: Hashable {
        let tenant: String
        let item: Item
    }

    /// When each is due, by the shared store's clock, in milliseconds.
    private let due = Mutex<[Key: UInt64]>([:])

    var count: Int { due.withLock(\.count) }

    func contains(_ item: Item, _ tenant: String) -> Bool {
        due.withLock { $0[Key(tenant: tenant, item: item)] != nil }
    }

    func isWaiting(_ item: Item, _ tenant: String, now: UInt64) -> Bool {
        due.withLock { $0[Key(tenant: tenant, item: item)].map { now < $0 } ?? false }
    }

    /// True the first time.
    func add(_ item: Item, _ tenant: String, now: UInt64) -> Bool {
        due.withLock { due in
            let key = Key(tenant: tenant, item: item)
            guard due[key] != nil || due.count < Self.maximumCount else { return true }
            return due.updateValue(now + Self.pause, forKey: key) == nil
        }
    }

    func remove(_ item: Item, _ tenant: String) {
        due.withLock { _ = $0.removeValue(forKey: Key(tenant: tenant, item: item)) }
    }
}
