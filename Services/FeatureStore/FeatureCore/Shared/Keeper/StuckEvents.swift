internal import Synchronization

/// Open events that cannot be finished by trying again: their rows are gone, or a state of theirs is
/// damaged and cannot be built again. Each is looked at again after a minute, so that it costs
/// nothing and hides no other.
final class StuckEvents: Sendable {
    static let pause: UInt64 = 60_000
    /// More are tried in every round.
    static let maximumCount = 100_000

    private struct Key: Hashable {
        let tenant: String
        let place: StreamPlace
    }

    /// When each is due, by the shared store's clock, in milliseconds.
    private let due = Mutex<[Key: UInt64]>([:])

    var count: Int { due.withLock(\.count) }

    func isWaiting(_ place: StreamPlace, _ tenant: String, now: UInt64) -> Bool {
        due.withLock { $0[Key(tenant: tenant, place: place)].map { now < $0 } ?? false }
    }

    /// True the first time.
    func add(_ place: StreamPlace, _ tenant: String, now: UInt64) -> Bool {
        due.withLock { due in
            let key = Key(tenant: tenant, place: place)
            guard due[key] != nil || due.count < Self.maximumCount else { return true }
            return due.updateValue(now + Self.pause, forKey: key) == nil
        }
    }

    func remove(_ place: StreamPlace, _ tenant: String) {
        due.withLock { _ = $0.removeValue(forKey: Key(tenant: tenant, place: place)) }
    }
}
