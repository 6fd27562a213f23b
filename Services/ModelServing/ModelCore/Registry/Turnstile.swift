internal import Synchronization

/// Counts those who are inside, up to a limit.
final class Turnstile: Sendable {
    private let limit: Int
    private let count = Mutex(0)

    init(limit: Int) { self.limit = limit }

    func enter() -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    var inside: Int { count.withLock { $0 } }

    func leave() { count.withLock { $0 -= 1 } }
}
