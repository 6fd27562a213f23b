import AssayMessages
import NIOCore
import NIOPosix
import RPC
import RPCTransport
import RawHTTP2
import Synchronization
import TLS
import Testing

typealias EchoMessage = BenchV1.EchoMessage

/// A service whose methods show what reached them, or fail as they are told.
struct ProbeService: RPCService {
    static func method(
        _ name: String, _ kind: MethodKind = .unary, access: MethodAccess = .public,
        idempotency: Idempotency = .none, deadline: Duration? = nil, maximumBytes: Int = 1 << 20
    ) -> MethodDescriptor {
        MethodDescriptor(
            path: "/test.Probe/\(name)", kind: kind, access: access, idempotency: idempotency,
            deadline: deadline, maximumRequestBytes: maximumBytes)
    }

    static let say = method("Say", idempotency: .readonly)
    static let metadata = method("Metadata")
    static let remaining = method("Remaining")
    static let fail = method("Fail")
    static let small = method("Small", maximumBytes: 16)
    static let hold = method("Hold", deadline: .seconds(60))
    static let quick = method("Quick", deadline: .milliseconds(30))
    static let guarded = method("Guarded", access: .scope("probe", mutualTLS: false))
    static let watch = method("Watch", .serverStreaming)
    static let chat = method("Chat", .bidirectional)

    /// Handlers that have begun, and those that were cancelled.
    let started = Counter()
    let cancelled = Counter()

    func register(in registry: inout MethodRegistry) {
        registry.unary(Self.say) { (request: EchoMessage, _) in request }
        registry.unary(Self.small) { (request: EchoMessage, _) in request }
        registry.unary(Self.guarded) { (request: EchoMessage, _) in request }
        registry.unary(Self.metadata) { (_: EchoMessage, context) in
            let lines = context.metadata.map { "\($0.name)=\($0.value)" }
            return EchoMessage(payload: Array(lines.joined(separator: "\n").utf8))
        }
        registry.unary(Self.remaining) { (_: EchoMessage, context) in
            let left =
                context.deadline.remaining(
                    at: Instant(nanoseconds: NIODeadline.now().uptimeNanoseconds)) ?? .seconds(-1)
            return EchoMessage(payload: Array("\(left / .milliseconds(1))".utf8))
        }
        registry.unary(Self.fail) { (request: EchoMessage, _) -> EchoMessage in
            guard let code = request.payload.first.flatMap(StatusCode.init(rawValue:)) else {
                throw Unforeseen()
            }
            let text = String(decoding: request.payload.dropFirst(), as: UTF8.self)
            throw RPCError(code, text)
        }
        registry.unary(Self.hold, hold)
        registry.unary(Self.quick, hold)
        registry.serverStreaming(Self.watch) { (request: EchoMessage, replies, _) in
            for _ in request.payload { try await replies.write(request) }
        }
        registry.bidirectional(Self.chat) { (requests: RequestStream<EchoMessage>, replies, _) in
            for try await request in requests { try await replies.write(request) }
        }
    }

    private func hold(_ request: EchoMessage, _: ServerContext) async throws -> EchoMessage {
        started.add()
        do {
            try await Task.sleep(for: .seconds(60))
        } catch {
            cancelled.add()
            throw error
        }
        return request
    }

    /// An error that is not ours; what it says must not leave the server.
    struct Unforeseen: Error, CustomStringConvertible {
        let description = "the password of the database"
    }
}

/// Counts, and lets others wait for a count.
final class Counter: Sendable {
    private let state = Mutex<(count: Int, waiters: [(Int, CheckedContinuation<Void, Never>)])>(
        (0, []))

    var count: Int { state.withLock(\.count) }

    func add() {
        let ready = state.withLock { state in
            state.count += 1
            let ready = state.waiters.filter { $0.0 <= state.count }
            state.waiters.removeAll { $0.0 <= state.count }
            return ready
        }
        for waiter in ready { waiter.1.resume() }
    }

    func reaches(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.count < count { state.waiters.append((count, continuation)) }
                return state.count >= count
            }
            if isThere { continuation.resume() }
        }
    }
}

/// A server of the probe with a raw client that has said hello.
struct Site: Sendable {
    let client: RawClient
    let router: ServiceRouter
    let probe: ProbeService
    let observer: Observer
    let port: Int

    final class Observer: CallObserver {
        private let state = Mutex<(records: [CallRecord], peers: [Peer])>(([], []))
        var records: [CallRecord] { state.withLock(\.records) }
        var withoutTrailers: [Peer] { state.withLock(\.peers) }
        func callEnded(_ record: CallRecord) { state.withLock { $0.records.append(record) } }
        func hasNoTrailers(_ peer: Peer) { state.withLock { $0.peers.append(peer) } }
    }

    static func open(
        profile: RPCProfile = .mesh, authorizer: any Authorizer = ScopeAuthorizer(),
        known: [MethodDescriptor] = [], _ body: (Site) async throws -> Void
    ) async throws {
        let (probe, observer) = (ProbeService(), Observer())
        let router = ServiceRouter(
            [probe], authorizer: authorizer, known: known,
            oddities: ProtocolOddities { observer.hasNoTrailers($0) })
        let telemetry = RPCTelemetry(
            methods: router.methods, settings: .everything, log: observer)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = RPCServer(
            listeners: [.plaintext(port: 0)], handler: router, profile: profile,
            telemetry: telemetry, group: group)
        try await server.start()
        let client = try await RawClient(port: server.port)
        do {
            try await client.handshake()
            try await body(
                Site(
                    client: client, router: router, probe: probe, observer: observer,
                    port: server.port))
        } catch {
            await close(client, server, group)
            throw error
        }
        await close(client, server, group)
    }

    private static func close(
        _ client: RawClient, _ server: RPCServer, _ group: MultiThreadedEventLoopGroup
    ) async {
        await client.close()
        await server.shutdown(grace: .milliseconds(100))
        try? await group.shutdownGracefully()
    }

    /// The fields of a call with what `extra` adds; its fields replace those of the same name.
    func fields(
        _ path: String, _ extra: [Field] = [], without: Set<String> = [], method: String = "POST"
    ) -> [Field] {
        let all =
            client.request(method, path) + [
                Field("content-type", "application/grpc"), Field("te", "trailers"),
            ]
        let replaced = without.union(extra.map(\.name))
        let pseudo = extra.filter { $0.name.hasPrefix(":") }
        let regular = extra.filter { !$0.name.hasPrefix(":") }
        let kept = all.filter { !replaced.contains($0.name) }
        return kept.filter { $0.name.hasPrefix(":") } + pseudo
            + kept.filter { !$0.name.hasPrefix(":") } + regular
    }

    /// A whole call and its reply.
    func call(
        _ path: String = "/test.Probe/Say", _ extra: [Field] = [], without: Set<String> = [],
        body: [UInt8] = Site.message([1, 2, 3]), stream: UInt32 = 1
    ) async throws -> RawMessage {
        await client.send(
            .headers(stream, HPACK.block(fields(path, extra, without: without))),
            .data(stream, body, ends: true))
        return try await client.response(stream)
    }

    /// A request on the JSON face and its reply.
    func json(
        _ path: String = "/test.Probe/Say", _ body: String, _ extra: [Field] = [],
        stream: UInt32 = 1
    ) async throws -> RawMessage {
        let fields = fields(
            path, [Field("content-type", "application/json")] + extra, without: ["te"])
        await client.send(
            .headers(stream, HPACK.block(fields)), .data(stream, Array(body.utf8), ends: true))
        return try await client.response(stream)
    }

    func get(_ target: String, _ extra: [Field] = [], stream: UInt32 = 1) async throws
        -> RawMessage
    {
        let fields = client.request("GET", target) + extra
        await client.send(.headers(stream, HPACK.block(fields), ends: true))
        return try await client.response(stream)
    }

    /// An echo message with its prefix, on the gRPC face.
    static func message(_ payload: [UInt8], flag: UInt8 = 0) -> [UInt8] {
        precondition(payload.count < 128, "the length is one byte")
        let encoded = payload.isEmpty ? [] : [0x0A, UInt8(payload.count)] + payload
        return [flag] + UInt32(encoded.count).bigEndianBytes + encoded
    }

    /// The payload of a reply with one message.
    static func payload(_ body: [UInt8]) -> [UInt8] { Array(body.dropFirst(7)) }
}

extension RawMessage {
    /// The reply is one block of headers with this status.
    func isTrailersOnly(_ code: StatusCode) -> Bool {
        trailers == nil && body.isEmpty && status == "200" && self.code == Int(code.rawValue)
    }

    /// `ErrorInfo.reason` of the details, which is text among other bytes.
    func hasReason(_ reason: String) -> Bool {
        guard let field = ending.first(where: { $0.name == "grpc-status-details-bin" }) else {
            return false
        }
        var metadata = Metadata()
        metadata.append(field.name, field.value)
        guard let bytes = metadata.bytes(field.name) else { return false }
        return String(decoding: bytes, as: UTF8.self).contains(reason)
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}
