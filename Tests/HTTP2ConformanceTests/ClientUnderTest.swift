import AssayMessages
import NIOPosix
import RPC
import RPCTransport
import RawHTTP2
import Testing

/// How the client reaches the server that answers by hand.
enum ClientUnderTest: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case plain = "h2c"
    case tls = "TLS"

    var testDescription: String { rawValue }
}

/// An `RPCClient` with one call under way, and the server that has read the request and says nothing
/// yet.
struct Scene: Sendable {
    let client: RPCClient
    let server: RawServer
    let call: Task<Void, any Error>

    /// The stream of the call under way; the next calls have 3, 5, …
    static let stream: UInt32 = 1

    static func start(_ client: RPCClient, bytes: Int = 0) -> Task<Void, any Error> {
        Task {
            let reply: BenchV1.EchoMessage = try await client.unary(
                EchoService.hold, BenchV1.EchoMessage(),
                options: CallOptions(deadline: .after(.seconds(20))))
            #expect(reply.payload.count == bytes)
        }
    }

    /// A further call on the same connection succeeds.
    func survives() async throws {
        try await server.ping()
        let next = Self.start(client)
        let (stream, _) = try await server.request()
        await server.answer(stream)
        try await next.value
    }
}

/// One requirement of an RFC, as something that a server does to a client.
struct ClientCase: Sendable, CustomTestStringConvertible {
    let number: Int
    let requirement: String
    let bytes: Int
    let body: @Sendable (Scene) async throws -> Void

    var testDescription: String { "\(number). \(requirement)" }

    func run(against kind: ClientUnderTest) async throws {
        let isTLS = kind == .tls
        let listener = try await RawListener(tls: isTLS ? Credentials.shared.get().script() : nil)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try RPCClient(
            "127.0.0.1:\(listener.port)", tls: isTLS ? Credentials.shared.get().client : nil,
            group: group)
        let call = Scene.start(client, bytes: bytes)
        do {
            let server = try await RawServer(listener)
            _ = try await server.request()
            try await body(Scene(client: client, server: server, call: call))
            await server.close()
        } catch {
            await end(call, client, listener, group)
            throw error
        }
        await end(call, client, listener, group)
    }

    private func end(
        _ call: Task<Void, any Error>, _ client: RPCClient, _ listener: RawListener,
        _ group: MultiThreadedEventLoopGroup
    ) async {
        call.cancel()
        _ = await call.result
        await listener.close()
        await client.close()
        try? await group.shutdownGracefully()
    }
}

/// The cases of one section, numbered from one.
struct ClientSection: Sendable {
    private(set) var cases: [ClientCase] = []

    init(_ build: (inout ClientSection) -> Void) { build(&self) }

    mutating func check(
        _ requirement: String, bytes: Int = 0,
        _ body: @escaping @Sendable (Scene) async throws -> Void
    ) {
        cases.append(
            ClientCase(
                number: cases.count + 1, requirement: requirement, bytes: bytes, body: body))
    }

    /// A case in which the client must end the connection with one of `codes`, and the call with it.
    mutating func ends(
        _ requirement: String, with codes: ErrorCode...,
        by body: @escaping @Sendable (Scene) async throws -> Void
    ) {
        check(requirement) { scene in
            try await body(scene)
            let code = try await scene.server.connectionError()
            #expect(codes.contains(code), "GOAWAY with \(code)")
        }
    }

    /// A case in which the client must reset the call's stream with one of `codes`, and go on.
    mutating func resets(
        _ requirement: String, with codes: ErrorCode...,
        by body: @escaping @Sendable (Scene) async throws -> Void
    ) {
        check(requirement) { scene in
            try await body(scene)
            let code = try await scene.server.streamError(Scene.stream)
            #expect(codes.contains(code), "RST_STREAM with \(code)")
            try await scene.survives()
        }
    }

    /// A case after which the call under way, and a further one, must succeed.
    mutating func survives(
        _ requirement: String, _ body: @escaping @Sendable (Scene) async throws -> Void
    ) {
        check(requirement) { scene in
            try await body(scene)
            await scene.server.answer(Scene.stream)
            try await scene.call.value
            try await scene.survives()
        }
    }
}
