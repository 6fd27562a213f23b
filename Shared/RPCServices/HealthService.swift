public import AssayMessages
public import RPC
internal import Synchronization
internal import Wire

/// gRPC health checking (`grpc.health.v1`): whether the process, or one of its services, takes calls.
///
/// A question costs one look-up, starts no task and never waits behind other calls. A peer may ask 20
/// times a second; what asks more often is refused, so that health is no lever against the server.
public final class HealthService: GRPCHealthV1.Health.Service {
    private let readiness: Readiness
    private let limit: Mutex<PeerRateLimit>

    /// - Parameter questionsPerSecond: of one peer, over all its connections.
    public init(_ readiness: Readiness, questionsPerSecond: Int = 20) {
        self.readiness = readiness
        limit = Mutex(PeerRateLimit(perSecond: questionsPerSecond))
    }

    /// Check and List never wait, so they need no task.
    public func register(in registry: inout MethodRegistry) {
        registry.immediate(GRPCHealthV1.Health.check) { request, context in
            try self.answer(request, context)
        }
        registry.immediate(GRPCHealthV1.Health.list) {
            (_: GRPCHealthV1.HealthListRequest, context) in
            try self.list(context)
        }
        registry.serverStreaming(GRPCHealthV1.Health.watch) { request, replies, context in
            try await self.watch(request, replies: replies, context: context)
        }
    }

    // MARK: The methods

    public func check(
        _ request: GRPCHealthV1.HealthCheckRequest, context: ServerContext
    ) async throws -> GRPCHealthV1.HealthCheckResponse {
        try answer(request, context)
    }

    public func list(
        _ request: GRPCHealthV1.HealthListRequest, context: ServerContext
    ) async throws -> GRPCHealthV1.HealthListResponse {
        try list(context)
    }

    /// A service that is not known is watched too: it may be made known later.
    public func watch(
        _ request: GRPCHealthV1.HealthCheckRequest,
        replies: ReplyWriter<GRPCHealthV1.HealthCheckResponse>, context: ServerContext
    ) async throws {
        try count(context)
        var known = readiness.isServing(request.service)
        while true {
            try await replies.write(
                GRPCHealthV1.HealthCheckResponse(status: known.map(Self.status) ?? .serviceUnknown))
            known = try await readiness.change(of: request.service, from: known)
        }
    }

    private func answer(
        _ request: GRPCHealthV1.HealthCheckRequest, _ context: ServerContext
    ) throws(RPCError) -> GRPCHealthV1.HealthCheckResponse {
        try count(context)
        guard let isServing = readiness.isServing(request.service) else {
            throw RPCError(.notFound, "unknown service \(request.service.prefix(200))")
        }
        return GRPCHealthV1.HealthCheckResponse(status: Self.status(isServing))
    }

    private func list(
        _ context: ServerContext
    ) throws(RPCError) -> GRPCHealthV1.HealthListResponse {
        try count(context)
        return GRPCHealthV1.HealthListResponse(
            statuses: WireMap(
                readiness.all.map {
                    ($0.key, GRPCHealthV1.HealthCheckResponse(status: Self.status($0.value)))
                }))
    }

    private static func status(
        _ isServing: Bool
    ) -> GRPCHealthV1.HealthCheckResponse.ServingStatus {
        isServing ? .serving : .notServing
    }

    /// Counts a question of a peer; refuses the one that is too many.
    private func count(_ context: ServerContext) throws(RPCError) {
        let wait = limit.withLock { $0.count(context.peer.host, at: context.receivedAt) }
        guard let wait else { return }
        throw RPCError(
            code: .resourceExhausted, message: "too many health checks from one peer",
            reason: "RATE_LIMITED", retryAfter: wait)
    }
}
