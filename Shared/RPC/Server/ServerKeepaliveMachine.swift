/// Watches a server's connection: finds out that its peer is gone, when the connection is too old or
/// unused, and whether the peer sends PINGs too often.
///
/// The owner calls `check` when `nextAt` has come. It keeps the times of the last byte and the last
/// call itself, since it has them anyway, and passes them in.
package struct ServerKeepaliveMachine: Sendable {
    package enum Action: Sendable, Hashable {
        case none
        case ping
        /// Nothing came back: the peer is gone.
        case dead
        /// Too old, or without a call for too long: to be closed in order, for this reason.
        case end(reason: String)
    }

    /// What the owner saw of the connection.
    package struct Activity: Sendable {
        package var lastReceived: Instant
        package var lastCall: Instant
        package var openStreams: Int

        package init(lastReceived: Instant, lastCall: Instant, openStreams: Int) {
            self.lastReceived = lastReceived
            self.lastCall = lastCall
            self.openStreams = openStreams
        }
    }

    private let policy: ConnectionLifePolicy
    private let endsAt: Instant
    /// The last time that it certainly was in use.
    private var lastUsed: Instant
    private var pingedAt: Instant?

    /// Two are forgiven.
    private static let maximumStrikes = 2
    private var strikes = 0
    private var lastPing: Instant?

    /// - Parameter jitter: 0.9 to 1.1, which the age is multiplied with.
    package init(_ policy: ConnectionLifePolicy, jitter: Double, at now: Instant) {
        self.policy = policy
        endsAt = now + policy.maximumAge * jitter
        lastUsed = now
    }

    /// When to check next.
    package func nextAt(_ activity: Activity) -> Instant {
        let ping =
            isWaiting(activity)
            ? (pingedAt ?? lastUsed) + policy.pingTimeout
            : activity.lastReceived + policy.pingAfter
        return min(endsAt, ping, max(lastUsed, activity.lastCall) + policy.maximumIdle)
    }

    private func isWaiting(_ activity: Activity) -> Bool {
        pingedAt.map { activity.lastReceived < $0 } ?? false
    }

    package mutating func check(_ activity: Activity, at now: Instant) -> Action {
        if now >= endsAt { return .end(reason: "max_age") }
        lastUsed = activity.openStreams > 0 ? now : max(lastUsed, activity.lastCall)
        if now >= lastUsed + policy.maximumIdle { return .end(reason: "max_idle") }
        if let pinged = pingedAt, isWaiting(activity) {
            return now >= pinged + policy.pingTimeout ? .dead : .none
        }
        pingedAt = nil
        guard now >= activity.lastReceived + policy.pingAfter else { return .none }
        pingedAt = now
        return .ping
    }

    /// The peer sent a PING; `isAnswer` if HEADERS or DATA went to it since the last one. False if it
    /// was one too often: GOAWAY ENHANCE_YOUR_CALM "too_many_pings" (gRFC A8).
    package mutating func receivedPing(at now: Instant, isAnswer: Bool) -> Bool {
        let last = lastPing
        lastPing = now
        if isAnswer {
            strikes = 0
            return true
        }
        guard let last, now - last < policy.minimumPingInterval else { return true }
        strikes += 1
        return strikes <= Self.maximumStrikes
    }
}
