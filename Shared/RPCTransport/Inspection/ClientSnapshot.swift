internal import HTTP2
internal import RPC

/// A client as it was when somebody looked: all of its event loops together.
public struct ClientSnapshot: Sendable {
    public let target: String
    public var endpoints: [EndpointSnapshot] = []
    /// Calls that wait for an endpoint.
    public var pending = 0
    /// Of the retry throttle, the lowest of all loops: at 50 or below nothing is repeated.
    public var throttleTokens = 100.0
    /// Further attempts that the budgets allow now, all loops together.
    public var retriesLeft = 0
    public var hedgesLeft = 0
    public var ejections: [String: Int] = [:]
    public var panics = 0
    public var stalls: [StallReason: Int] = [:]
    public var connections = 0
    /// Nil if the endpoints are fixed.
    public var resolver: ResolverSnapshot?
    public var silentLoops = 0

    init(target: String) { self.target = target }

    mutating func add(_ part: ClientSnapshot) {
        endpoints += part.endpoints
        pending += part.pending
        throttleTokens = min(throttleTokens, part.throttleTokens)
        retriesLeft += part.retriesLeft
        hedgesLeft += part.hedgesLeft
        ejections.merge(part.ejections, uniquingKeysWith: +)
        panics += part.panics
        stalls.merge(part.stalls, uniquingKeysWith: +)
        connections += part.connections
    }

    /// Endpoints by state; one that several loops use counts once for each.
    public var endpointStates: [String: Int] {
        endpoints.reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
    }
}

/// An endpoint as one event loop sees it.
public struct EndpointSnapshot: Sendable {
    public let address: String
    /// `idle`, `connecting`, `ready`, `failed` or `ejected`.
    public let state: String
    /// Nil before the first call has ended.
    public let latency: Duration?
    public let inFlight: Int
    public let queued: Int
    /// How much longer it is left out.
    public let ejectedFor: Duration?
    public let lastError: String
    public let connections: [ConnectionSnapshot]
}

/// What became of the questions for a target's endpoints.
public struct ResolverSnapshot: Sendable {
    public let changed: Int
    public let unchanged: Int
    public let failed: Int
    public let empty: Int
    public let endpoints: [String]
    /// Why the last question brought nothing; nil after a good answer.
    public let failure: String?
}

extension ClientLoop {
    /// Looks at this loop's half; on the loop.
    func snapshot(_ shown: SnapshotLimits, at now: Instant) -> ClientSnapshot {
        var snapshot = ClientSnapshot(target: settings.target)
        snapshot.pending = pending.count
        snapshot.throttleTokens = limits.throttle.tokens
        (snapshot.retriesLeft, snapshot.hedgesLeft) = limits.left(at: now)
        snapshot.ejections = balancer.ejections
        snapshot.panics = balancer.panics
        for slot in balancer.current where slot < endpoints.count {
            guard let endpoint = endpoints[slot] else { continue }
            let ejectedUntil = balancer.ejectedUntil(slot)
            let connections = endpoint.open.map {
                $0.snapshot(streams: shown.streamsPerConnection, at: now)
            }
            snapshot.connections += connections.count
            for connection in connections {
                snapshot.stalls.merge(connection.stalls, uniquingKeysWith: +)
            }
            snapshot.endpoints.append(
                EndpointSnapshot(
                    address: "\(endpoint.endpoint)",
                    state: ejectedUntil == nil ? balancer.state(of: slot).name : "ejected",
                    latency: balancer.latency(of: slot, at: now),
                    inFlight: balancer.inFlight(slot), queued: balancer.queued(slot),
                    ejectedFor: ejectedUntil.map { max($0 - now, .zero) },
                    lastError: endpoint.lastError,
                    connections: shown.connections == 0 ? [] : connections))
        }
        return snapshot
    }
}

extension LoadBalancer.State {
    fileprivate var name: String {
        switch self {
        case .idle: "idle"
        case .connecting: "connecting"
        case .ready: "ready"
        case .unwilling: "unwilling"
        case .failed: "failed"
        }
    }
}

extension ClientConnection {
    func snapshot(streams limit: Int, at now: Instant) -> ConnectionSnapshot {
        let open = session?.openStreamList ?? []
        var stalls: [StallReason: Int] = [:]
        var listed: [StreamSnapshot] = []
        for stream in open {
            guard let call = call(of: stream), let session else { continue }
            let progress = StreamProgress(
                takesOutput: isWritable, unsent: max(stream.unsent, call.unsent),
                remoteWindow: min(session.remoteWindow, session.remoteWindow(of: stream)),
                unread: call.unread, isOurTurn: false, age: now - call.sentAt)
            if let stall = progress.stall { stalls[stall, default: 0] += 1 }
            if listed.count >= limit { continue }
            listed.append(
                StreamSnapshot(
                    id: stream.id, method: String(call.request.target.dropFirst().prefix(200)),
                    age: now - call.sentAt, phase: "attempt \(call.attempt)",
                    localWindow: session.localWindow(of: stream),
                    remoteWindow: session.remoteWindow(of: stream),
                    unsent: max(stream.unsent, call.unsent),
                    unread: call.unread, stall: progress.stall,
                    metadata: call.request.headers.map { String($0.name.prefix(100)) }))
        }
        return ConnectionSnapshot(
            peer: Peer(address: "\(address)", isEncrypted: scheme == "https"),
            age: now - createdAt, state: "\(phase)", openStreams: open.count, handlers: 0,
            localWindow: session?.localWindow ?? 0, remoteWindow: session?.remoteWindow ?? 0,
            unsent: session?.unsentBytes ?? 0, score: session?.scoreLeft ?? 0,
            takesOutput: isWritable, streams: listed, stalls: stalls)
    }
}
