public import RPC
internal import Synchronization

/// A monotonic clock that moves only when a test says so.
public final class ManualClock: Sendable {
    private let time: Mutex<Instant>

    public init(_ start: Instant = Instant(nanoseconds: 1_000_000_000)) {
        time = Mutex(start)
    }

    public var now: Instant { time.withLock { $0 } }

    public func advance(by duration: Duration) {
        time.withLock { $0 = $0 + duration }
    }
}
