/// The orderly end of a connection in two phases, so that no request is lost that crosses the first
/// one: a GOAWAY that names no stream, then, when the peer has certainly seen it, the last one served.
package struct DrainMachine: Sendable {
    package enum Phase: Sendable, Hashable {
        case serving
        /// The first GOAWAY and a PING have gone.
        case noticed
        /// The second one has.
        case final
    }

    package enum Action: Sendable, Hashable {
        case none
        /// The second GOAWAY.
        case finish
        /// Calls are left, and their time is over.
        case cutOff
    }

    /// A peer that does not answer the PING gets the second GOAWAY after this time.
    private static let patience = Duration.seconds(1)

    package private(set) var phase = Phase.serving
    /// For the debug data of the GOAWAYs.
    package private(set) var reason = ""
    private var finishAt = Instant.distantFuture
    private var cutOffAt = Instant.distantFuture

    package init() {}

    /// Begins; false if that was done before. With a grace the calls in flight are cut off when it is
    /// over; without one somebody else sees to it.
    package mutating func begin(_ reason: String, grace: Duration?, at now: Instant) -> Bool {
        if let grace { cutOffAt = min(cutOffAt, now + grace) }
        guard phase == .serving else { return false }
        phase = .noticed
        self.reason = reason
        finishAt = now + Self.patience
        return true
    }

    /// The peer has answered the PING: whether the second GOAWAY is due.
    package mutating func acknowledged() -> Bool {
        guard phase == .noticed else { return false }
        phase = .final
        return true
    }

    /// When to check next; `distantFuture` if nothing is to come.
    package var nextAt: Instant {
        phase == .noticed ? min(finishAt, cutOffAt) : phase == .final ? cutOffAt : .distantFuture
    }

    package mutating func check(at now: Instant) -> Action {
        if phase != .serving, now >= cutOffAt {
            phase = .final
            cutOffAt = .distantFuture
            return .cutOff
        }
        guard phase == .noticed, now >= finishAt else { return .none }
        phase = .final
        return .finish
    }
}
