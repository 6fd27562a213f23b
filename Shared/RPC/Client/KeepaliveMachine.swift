/// Watches a client's connection: finds out that the peer is gone although the socket lives, and
/// ends a connection that nobody needs.
///
/// The owner calls `check` when `nextAt` has come and does what it says; everything else is cheap
/// enough for each read and each call.
package struct KeepaliveMachine: Sendable {
    package enum Action: Sendable, Hashable {
        case none
        case ping
        /// Nothing came back: the peer is gone.
        case dead
        /// Without a call for too long: close in order.
        case close
    }

    /// Silence before a PING while calls are open; nil means that none is sent.
    private let interval: Duration?
    private let timeout: Duration
    private let idleTimeout: Duration
    private var lastReceived: Instant
    private var lastCall: Instant
    private var pingedAt: Instant?

    package init(
        interval: Duration?, timeout: Duration, idleTimeout: Duration, at now: Instant
    ) {
        self.interval = interval
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        lastReceived = now
        lastCall = now
    }

    /// Any byte came from the peer.
    package mutating func received(at now: Instant) {
        lastReceived = now
        pingedAt = nil
    }

    /// A call starts. Silence counts from here if there was no call before.
    package mutating func called(at now: Instant, isFirst: Bool) {
        lastCall = now
        if isFirst { lastReceived = max(lastReceived, now) }
    }

    /// When to check next.
    package func nextAt(hasCalls: Bool) -> Instant {
        if let pingedAt { return pingedAt + timeout }
        guard hasCalls, let interval else { return lastCall + idleTimeout }
        return lastReceived + interval
    }

    package mutating func check(hasCalls: Bool, at now: Instant) -> Action {
        if let pingedAt {
            // With the last call gone nobody waits for the answer.
            if !hasCalls {
                self.pingedAt = nil
                return .none
            }
            return now >= pingedAt + timeout ? .dead : .none
        }
        guard hasCalls else { return now >= lastCall + idleTimeout ? .close : .none }
        lastCall = now
        guard let interval, now >= lastReceived + interval else { return .none }
        pingedAt = now
        return .ping
    }
}
