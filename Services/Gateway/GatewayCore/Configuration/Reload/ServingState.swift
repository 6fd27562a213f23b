public import RPC
internal import Synchronization

/// What a request is served by: what decides about it, and where it is sent.
///
/// A request holds on to the state that it began with until its log line is written, so an upstream
/// that a new configuration leaves out is closed when the last of its calls has ended.
public final class ServingState: Sendable {
    public let snapshot: GatewaySnapshot
    let upstreams: [any RawUpstream]

    /// - Parameter upstreams: In the order of the configuration's.
    public init(snapshot: GatewaySnapshot, upstreams: [any RawUpstream]) {
        precondition(upstreams.count == snapshot.configuration.upstreams.count, "one each")
        self.snapshot = snapshot
        self.upstreams = upstreams
    }
}

/// The state that requests begin with now. Any thread may look; a change is one exchange.
public final class ServingSlot: Sendable {
    private let state: Mutex<ServingState>

    public init(_ state: ServingState) {
        self.state = Mutex(state)
    }

    public var current: ServingState { state.withLock { $0 } }

    /// From now on requests begin with `next`.
    public func replace(by next: ServingState) {
        // The old state ends outside the lock: that may close connections.
        let old = state.withLock { state in
            let old = state
            state = next
            return old
        }
        withExtendedLifetime(old) {}
    }
}
