import RPC
import Synchronization

@testable import GatewayCore

/// A clock that stands still until it is told otherwise.
final class TestClock: Sendable {
    private let time = Mutex(Instant(nanoseconds: 1_000_000_000_000))

    var now: Instant { time.withLock { $0 } }

    func advance(_ duration: Duration) { time.withLock { $0 = $0 + duration } }

    /// Sleeping lets others run, and takes no time.
    var surroundings: KeySetCache.Surroundings {
        KeySetCache.Surroundings(now: { self.now }, sleep: { _ in await Task.yield() })
    }
}

/// Where keys are fetched from, in a test's hands.
final class TestSource: Sendable {
    struct Down: Error {}

    private struct State {
        var bytes: [UInt8]?
        var maximumAge: Int64?
        var fetches = 0
        var isHeld = false
    }

    private let state: Mutex<State>

    init(_ bytes: [UInt8]?) { state = Mutex(State(bytes: bytes)) }

    var fetches: Int { state.withLock(\.fetches) }

    /// Nil is a host that is down.
    func serve(_ bytes: [UInt8]?, maximumAge: Int64? = nil) {
        state.withLock { state in
            state.bytes = bytes
            state.maximumAge = maximumAge
        }
    }

    /// While held, fetches take for ever.
    func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }

    var fetch: @Sendable () async throws -> KeySetCache.Document {
        {
            self.state.withLock { $0.fetches += 1 }
            while self.state.withLock(\.isHeld) { await Task.yield() }
            let (bytes, age) = self.state.withLock { ($0.bytes, $0.maximumAge) }
            guard let bytes else { throw Down() }
            return KeySetCache.Document(bytes: bytes, maximumAge: age)
        }
    }
}
