import AssayMessages
import NIOPosix
import RPC
import RPCTransport
import Synchronization
import Testing

typealias EchoMessage = BenchV1.EchoMessage

/// The echo of bench.v1 whose handlers do what a test says, in methods of several kinds.
struct LifeService: RPCService {
    typealias Handler = @Sendable (EchoMessage, ServerContext) async throws -> EchoMessage

    static func method(
        _ name: String, idempotency: Idempotency = .none, deadline: Duration = .seconds(10),
        retry: RetryPolicy = RetryPolicy()
    ) -> MethodDescriptor {
        MethodDescriptor(
            path: "/bench.v1.Echo/\(name)", kind: .unary, access: .public,
            idempotency: idempotency, deadline: deadline, retry: retry,
            maximumRequestBytes: 1 << 20, maximumResponseBytes: 1 << 20)
    }

    /// What rpc-bench-server has too; here a call that may not be repeated.
    static let once = method("Say")
    static let repeatable = method(
        "Repeatable", idempotency: .readonly,
        retry: RetryPolicy(codes: [.unavailable, .resourceExhausted]))
    /// Goes on by itself until it is cancelled.
    static let endless = MethodDescriptor(
        path: "/bench.v1.Echo/Endless", kind: .serverStreaming, access: .public)

    var handler: Handler = { request, _ in request }
    var write: @Sendable (ReplyWriter<EchoMessage>) async throws -> Void = { _ in }

    func register(in registry: inout MethodRegistry) {
        registry.unary(Self.once, handler)
        registry.unary(Self.repeatable, handler)
        registry.serverStreaming(Self.endless) { (_: EchoMessage, replies, _) in
            try await write(replies)
        }
    }
}

/// A server on a free port of loopback with its own event loop.
struct LifeServer {
    let server: RPCServer
    let group: MultiThreadedEventLoopGroup

    init(
        _ service: LifeService = LifeService(), profile: RPCProfile = .mesh,
        observer: (any LoadObserver)? = nil
    ) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        server = RPCServer(
            listeners: [.plaintext(port: 0)], services: [service], loadObserver: observer,
            profile: profile, group: group)
        try await server.start()
    }

    var target: String { "127.0.0.1:\(server.port)" }

    /// Runs `body` with a server and a client with a loop of its own, and ends both.
    static func run<Result>(
        _ service: LifeService = LifeService(), profile: RPCProfile = .mesh,
        client clientProfile: RPCProfile = .mesh, observer: (any LoadObserver)? = nil,
        _ body: (RPCClient, LifeServer) async throws -> Result
    ) async throws -> Result {
        let server = try await LifeServer(service, profile: profile, observer: observer)
        let clients = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try RPCClient(server.target, profile: clientProfile, group: clients)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(client, server))
        } catch {
            result = .failure(error)
        }
        await client.close()
        await server.stop()
        try? await clients.shutdownGracefully()
        return try result.get()
    }

    func stop() async {
        await server.shutdown(grace: .milliseconds(300))
        try? await group.shutdownGracefully()
    }
}

/// How a call ended, where a test counts.
func outcome(_ body: () async throws -> Void) async -> RPCError? {
    do {
        try await body()
        return nil
    } catch let error as RPCError {
        return error
    } catch {
        return RPCError(code: .unknown, message: "\(error)", cause: error)
    }
}

/// Keeps what a server tells of its load.
final class RecordingLoadObserver: LoadObserver {
    struct Record: Sendable {
        var shed: [Criticality: Int] = [:]
        var outlived: [String] = []
        /// Of those, the ones that have ended.
        var ended: [String] = []
        var held: [(path: String, duration: Duration)] = []
    }

    private let record = Mutex(Record())
    var all: Record { record.withLock(\.self) }

    func shed(_ path: String, criticality: Criticality) {
        record.withLock { $0.shed[criticality, default: 0] += 1 }
    }

    func outlivedCancellation(_ path: String) { record.withLock { $0.outlived.append(path) } }

    func outlivingHandlerEnded(_ path: String) { record.withLock { $0.ended.append(path) } }

    func held(_ path: String, for duration: Duration) {
        record.withLock { $0.held.append((path, duration)) }
    }
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

/// What calls ended with.
final class Errors: Sendable {
    private let errors = Mutex<[RPCError]>([])
    var all: [RPCError] { errors.withLock(\.self) }
    func add(_ error: RPCError) { errors.withLock { $0.append(error) } }
}

/// A number that several threads count up.
final class Count: Sendable {
    private let number = Atomic(0)
    var value: Int { number.load(ordering: .relaxed) }
    func add(_ amount: Int = 1) { number.add(amount, ordering: .relaxed) }
}

/// Waits until `condition` holds; false if it does not within the limit.
func eventually(
    within limit: Duration = .seconds(10), _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return true }
        // Leaves the processor to those who are waited for.
        try? await Task.sleep(for: .milliseconds(1))
    }
    return false
}
