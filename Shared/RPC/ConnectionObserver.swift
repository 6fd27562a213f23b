/// Told of what peers do that honest ones do rarely, and of how connections end. Runs on the
/// connection's loop: must be quick.
///
/// All names come from fixed lists, so they can be labels of metrics.
public protocol ConnectionObserver: Sendable {
    /// A peer did what costs it points, or passed a limit: "early_reset", "stream_rate", "slow_message".
    func misbehaved(_ event: String, action: MisbehaviourAction, peer: Peer)

    /// A GOAWAY was sent or received. The reason is the name of an event, of an orderly end ("shutdown",
    /// "first_request"), or of an error code ("PROTOCOL_ERROR").
    func goAway(_ direction: GoAwayDirection, reason: String, peer: Peer)
}

/// What followed.
public enum MisbehaviourAction: String, Sendable, CaseIterable {
    /// Nothing but that it was counted.
    case counted
    /// The call ended.
    case ended
    /// The connection was closed, or not even accepted.
    case closed
}

public enum GoAwayDirection: String, Sendable, CaseIterable {
    case sent, received
}
