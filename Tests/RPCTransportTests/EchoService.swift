import AssayMessages
import NIOCore
import NIOPosix
import RPC
import RPCTransport
import Synchronization
import TLS
import Wire

/// The echo of bench.v1, and methods that misbehave on purpose.
struct EchoService: RPCService {
    typealias Handler = @Sendable (EchoMessage, ServerContext) async throws -> EchoMessage

    static func method(
        _ name: String, access: MethodAccess = .public, idempotency: Idempotency = .none,
        deadline: Duration = .seconds(5), maximumBytes: Int = 1 << 20
    ) -> MethodDescriptor {
        MethodDescriptor(
            path: "/bench.v1.Echo/\(name)", kind: .unary, access: access, idempotency: idempotency,
            deadline: deadline, maximumRequestBytes: maximumBytes, maximumResponseBytes: 1 << 20)
    }

    static let say = method("Say", idempotency: .readonly)
    static let small = method("Small", maximumBytes: 64)
    static let quick = method("Quick", deadline: .milliseconds(50))
    static let guarded = method("Guarded", access: .scope("echo.say", mutualTLS: false))
    static let custom = method("Custom")
    static let repeatable = method("Repeatable", idempotency: .readonly)

    /// What `Custom`, `Quick` and `Repeatable` do.
    var handler: Handler = { request, _ in request }

    func register(in registry: inout MethodRegistry) {
        registry.unary(Self.say) { (request: EchoMessage, _) in request }
        registry.immediate(Self.small) { (request: EchoMessage, _) in request }
        registry.unary(Self.quick, handler)
        registry.unary(Self.guarded) { (request: EchoMessage, context) in
            EchoMessage(payload: Array(context.caller.tenant.utf8))
        }
        registry.unary(Self.custom, handler)
        registry.unary(Self.repeatable, handler)
    }
}

typealias EchoMessage = BenchV1.EchoMessage

/// A server on a free port of loopback with its own event loop, for one test.
struct TestServer {
    let server: RPCServer
    let group: MultiThreadedEventLoopGroup

    init(
        _ service: any RPCService = EchoService(), tls: (any TLSContextProvider)? = nil,
        authorizer: any Authorizer = ScopeAuthorizer(trustsEveryPeer: true),
        observer: (any CallObserver)? = nil, profile: RPCProfile = .mesh, port: Int = 0
    ) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        server = RPCServer(
            listeners: [RPCListener(host: "127.0.0.1", port: port, tls: tls)],
            services: [service], authorizer: authorizer, profile: profile,
            telemetry: observer.map {
                RPCTelemetry(methods: [], settings: .everything, log: $0)
            }, group: group)
        try await server.start()
    }

    var target: String { "127.0.0.1:\(server.port)" }

    /// Runs `body` with a client of this server, then ends both.
    static func run(
        _ service: any RPCService = EchoService(),
        authorizer: any Authorizer = ScopeAuthorizer(trustsEveryPeer: true),
        observer: (any CallObserver)? = nil, profile: RPCProfile = .mesh,
        _ body: (RPCClient, TestServer) async throws -> Void
    ) async throws {
        let server = try await TestServer(
            service, authorizer: authorizer, observer: observer, profile: profile)
        let client = try RPCClient(server.target)
        do {
            try await body(client, server)
        } catch {
            await server.stop(client)
            throw error
        }
        await server.stop(client)
    }

    func stop(_ client: RPCClient? = nil) async {
        await client?.close()
        await server.shutdown(grace: .milliseconds(200))
        try? await group.shutdownGracefully()
    }
}

/// Keeps what was observed.
final class RecordingObserver: CallObserver {
    private let records = Mutex<[CallRecord]>([])
    func callEnded(_ record: CallRecord) { records.withLock { $0.append(record) } }
    var all: [CallRecord] { records.withLock { $0 } }
}

/// Opens once; who waits before that waits until then.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>(
        (false, []))

    var isOpen: Bool { state.withLock(\.isOpen) }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
