internal import RPC
internal import RPCTransport
internal import ServiceRuntime

/// `/debug/rpc`: what the process's connections and streams are doing, and why one makes no progress. As
/// JSON, and for a person at three in the morning as text or HTML.
struct DebugPage {
    let process: String
    let takenAt: WallClockTime
    let sighting: Sighting

    func response(to request: AdminRequest) -> AdminResponse {
        if request.accepts("text/html") { return .html(html) }
        if request.accepts("text/plain") { return .text(text) }
        return .json(json.rendered)
    }

    // MARK: JSON

    var json: JSONText {
        .object([
            ("process", .string(process)), ("taken_at", .string("\(takenAt)")),
            ("loops", .array(sighting.loops.map(Self.json))),
            ("servers", .array(sighting.servers.map(Self.json))),
            ("clients", .array(sighting.clients.map(Self.json))),
        ])
    }

    private static func json(_ loop: LoopSnapshot) -> JSONText {
        .object([
            ("loop", .integer(loop.number)),
            ("lag_us", .optional(loop.lag) { .number(Double($0) / 1_000) }),
            ("jobs", .integer(Int(clamping: loop.jobs))),
        ])
    }

    private static func json(_ server: ServerSnapshot) -> JSONText {
        .object([
            ("profile", .string(server.profile)),
            ("connections", .integer(server.connections)),
            ("streams", .integer(server.streams)),
            ("handlers", .integer(server.handlers)),
            ("handlers_limit", .optional(server.load) { .integer($0.limit) }),
            ("waiting_calls", .optional(server.load) { .integer($0.waiting) }),
            ("unsent_bytes", .integer(server.unsentBytes)),
            ("stalled", stalls(server.stalls)),
            ("silent_loops", .integer(server.silentLoops)),
            ("listed", .array(server.listed.map(Self.json))),
        ])
    }

    private static func stalls(_ stalls: [StallReason: Int]) -> JSONText {
        .object(StallReason.allCases.map { ($0.rawValue, .integer(stalls[$0] ?? 0)) })
    }

    private static func json(_ connection: ConnectionSnapshot) -> JSONText {
        .object([
            ("peer", .string(connection.peer.address)),
            ("identity", .optional(connection.peer.identity, JSONText.string)),
            ("tls", .truth(connection.peer.isEncrypted)),
            ("state", .string(connection.state)),
            ("age_ms", .integer(milliseconds(connection.age))),
            ("streams", .integer(connection.openStreams)),
            ("handlers", .integer(connection.handlers)),
            ("window_ours", .integer(connection.localWindow)),
            ("window_peers", .integer(connection.remoteWindow)),
            ("unsent_bytes", .integer(connection.unsent)),
            ("takes_output", .truth(connection.takesOutput)),
            ("score", .integer(connection.score)),
            ("stalled", stalls(connection.stalls)),
            ("listed", .array(connection.streams.map(Self.json))),
        ])
    }

    private static func json(_ stream: StreamSnapshot) -> JSONText {
        .object([
            ("id", .integer(Int(stream.id))), ("method", .string(stream.method)),
            ("age_ms", .integer(milliseconds(stream.age))), ("phase", .string(stream.phase)),
            ("window_ours", .integer(stream.localWindow)),
            ("window_peers", .integer(stream.remoteWindow)),
            ("unsent_bytes", .integer(stream.unsent)),
            ("unread_bytes", .integer(stream.unread)),
            ("stalled", .optional(stream.stall) { .string($0.rawValue) }),
            (
                "metadata",
                .object(stream.metadata.map { ($0, .string("redacted")) })
            ),
        ])
    }

    private static func json(_ client: ClientSnapshot) -> JSONText {
        .object([
            ("target", .string(client.target)),
            ("connections", .integer(client.connections)),
            ("waiting_calls", .integer(client.pending)),
            ("stalled", stalls(client.stalls)),
            (
                "budgets",
                .object([
                    ("throttle_tokens", .number(client.throttleTokens)),
                    ("retries_left", .integer(client.retriesLeft)),
                    ("hedges_left", .integer(client.hedgesLeft)),
                ])
            ),
            (
                "ejections",
                .object(
                    client.ejections.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }
                        + [("panics", .integer(client.panics))])
            ),
            ("resolver", .optional(client.resolver, Self.json)),
            ("silent_loops", .integer(client.silentLoops)),
            ("endpoints", .array(client.endpoints.map(Self.json))),
        ])
    }

    private static func json(_ resolver: ResolverSnapshot) -> JSONText {
        .object([
            ("changed", .integer(resolver.changed)), ("unchanged", .integer(resolver.unchanged)),
            ("failed", .integer(resolver.failed)), ("empty", .integer(resolver.empty)),
            ("failure", .optional(resolver.failure, JSONText.string)),
            ("endpoints", .array(resolver.endpoints.map(JSONText.string))),
        ])
    }

    private static func json(_ endpoint: EndpointSnapshot) -> JSONText {
        .object([
            ("address", .string(endpoint.address)), ("state", .string(endpoint.state)),
            ("ewma_ms", .optional(endpoint.latency) { .number($0 / .milliseconds(1)) }),
            ("in_flight", .integer(endpoint.inFlight)), ("queued", .integer(endpoint.queued)),
            (
                "ejected_for_ms",
                .optional(endpoint.ejectedFor) { .integer(milliseconds($0)) }
            ),
            ("last_error", .string(endpoint.lastError)),
            ("connections", .array(endpoint.connections.map(Self.json))),
        ])
    }

    static func milliseconds(_ duration: Duration) -> Int {
        Int(max(-1e15, min(1e15, duration / .milliseconds(1))))
    }
}
