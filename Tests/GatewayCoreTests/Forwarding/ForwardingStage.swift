import NIOPosix
import RPC
import RPCTransport
import RawHTTP2
import Testing

@testable import GatewayCore

/// A gateway between a client and services that both do, frame by frame, what a test says. The gateway
/// has one event loop, and memory of its own that is counted.
final class ForwardingStage: Sendable {
    static func method(
        _ name: String, _ kind: MethodKind, _ idempotency: Idempotency = .none,
        bytes: Int = 4 << 20
    ) -> MethodDescriptor {
        MethodDescriptor(
            path: "/test.Stage/\(name)", kind: kind, access: .public, idempotency: idempotency,
            deadline: .seconds(20), maximumRequestBytes: bytes, maximumResponseBytes: bytes)
    }

    /// One message there and back: may be repeated, and may not.
    static let look = method("Look", .unary, .readonly)
    static let order = method("Order", .unary)
    static let watch = method("Watch", .serverStreaming)
    static let collect = method("Collect", .clientStreaming)
    static let converse = method("Converse", .bidirectional)
    private static let all = [look, order, watch, collect, converse]

    let memory = ProcessMemory(limit: 1 << 30) { 0 }
    let log = AccessLog()
    let listeners: [RawListener]
    let gateway: RPCServer
    private let upstream: RPCClient
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// What waits for a peer in one direction is one window; nothing else is stated in bytes.
    static let window = Int(RPCProfile.edge.http2.streamWindow)

    /// - Parameters:
    ///   - endpoints: Of the one service there is.
    ///   - settings: Further YAML of the upstream, behind its target.
    init(
        endpoints: Int = 1, settings: String = "", http1: Bool = false
    ) async throws {
        var listeners: [RawListener] = []
        for _ in 0..<endpoints { listeners.append(try await RawListener()) }
        self.listeners = listeners
        let target = listeners.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        let files = [
            "/etc/gateway.yaml": Self.yaml(target, settings),
            "/etc/keys.yaml": APIKeyFile(entries: []).yaml,
            "/etc/pepper-1": String(decoding: Fixtures.pepperSecret, as: UTF8.self),
        ]
        let loader = GatewayLoader(methods: Self.all) { Array((files[$0] ?? "").utf8) }
        let snapshot = try loader.load("/etc/gateway.yaml")
        var policy = snapshot.configuration.upstreams[0].policy
        policy.healthService = nil
        var inner = RPCProfile.upstream
        inner.memory = memory
        // The services here answer no PINGs that they are not told to.
        inner.keepaliveInterval = nil
        upstream = try RPCClient(target, profile: inner, policy: policy, group: group)
        let handler = GatewayHandler(
            serving: ServingSlot(ServingState(snapshot: snapshot, upstreams: [upstream])),
            limits: GatewayLimits(capacity: 16, seed: 1),
            clock: GatewayClock(now: { ProcessClock.now }, unixMilliseconds: { 2_000_000 }),
            log: log, counters: GatewayCounters(), seed: 7)
        var outer = RPCProfile.edge
        outer.memory = memory
        var listener = RPCListener.plaintext(port: 0)
        if http1 { listener.http1 = .edge }
        gateway = RPCServer(listeners: [listener], handler: handler, profile: outer, group: group)
        try await gateway.start()
    }

    private static func yaml(_ target: String, _ settings: String) -> String {
        """
        version: 1
        listeners: [ { name: public, port: 8443 } ]
        admin: { port: 9901 }
        authentication: { api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } } }
        authorization: { tenants: { bank: { scopes: [] } } }
        limits:
          address: { limit: 100000, period: 60s, burst: 100000 }
          plans: { default: { client: { limit: 2000, period: 1s, burst: 4000 } } }
        routes: [ { service: test.Stage, upstream: stage } ]
        upstreams: { stage: { target: "\(target)"\(settings) } }
        """
    }

    /// A client that has greeted the gateway.
    func client(_ settings: Frame = .settings()) async throws -> RawClient {
        let client = try await RawClient(port: gateway.port)
        try await client.handshake(settings)
        return client
    }

    /// The service's end of the connection that the gateway has opened, or opens with its first call.
    func service(_ endpoint: Int = 0, _ settings: Frame = .settings()) async throws -> RawServer {
        try await RawServer(listeners[endpoint], settings: settings)
    }

    /// What the access log has written since it was asked last.
    func lines() -> [Substring] {
        String(decoding: log.drain().bytes, as: UTF8.self).split(separator: "\n")
    }

    func stop() async throws {
        await gateway.shutdown(grace: .milliseconds(100))
        await upstream.close()
        for listener in listeners { await listener.close() }
        try await group.shutdownGracefully()
        #expect(memory.buffered == 0, "all that was held was let go")
    }
}

extension RawClient {
    /// The headers of a call on the gRPC face.
    func open(
        _ method: MethodDescriptor, _ stream: UInt32 = 1, timeout: String? = nil,
        ends: Bool = false
    ) async {
        var fields =
            request("POST", method.path) + [
                Field("content-type", "application/grpc"), Field("te", "trailers"),
            ]
        if let timeout { fields.append(Field("grpc-timeout", timeout)) }
        await send(.headers(stream, HPACK.block(fields), ends: ends))
    }

    /// A whole call with one message.
    func call(
        _ method: MethodDescriptor, _ stream: UInt32 = 1, _ message: [UInt8] = [],
        timeout: String? = nil
    ) async {
        await open(method, stream, timeout: timeout)
        await send(.data(stream, Message.framed(message), ends: true))
    }
}

extension RawServer {
    /// A reply that is only a status.
    func refuse(_ stream: UInt32, _ status: Int, _ further: [Field] = []) async {
        let fields =
            [
                Field(":status", "200"), Field("content-type", "application/grpc"),
                Field("grpc-status", "\(status)"),
            ] + further
        await send(.headers(stream, HPACK.block(fields), ends: true))
    }

    /// The headers of a reply, and one message.
    func begin(_ stream: UInt32, _ message: [UInt8] = [1]) async {
        await send(
            .headers(stream, RawServer.headers), .data(stream, Message.framed(message)))
    }

    func end(_ stream: UInt32, _ status: Int = 0) async {
        await send(
            .headers(stream, HPACK.block([Field("grpc-status", "\(status)")]), ends: true))
    }
}

enum Message {
    static func framed(_ bytes: [UInt8]) -> [UInt8] {
        [0] + (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) } + bytes
    }
}
