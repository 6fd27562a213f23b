import RPC
import RPCTransport
import Testing

/// A way from a client to a server: whatever a test says of calls must hold over each.
enum TransportUnderTest: CaseIterable, Sendable, CustomTestStringConvertible {
    case socket, encoded, direct

    var testDescription: String { "\(self)" }

    /// Both ends, as a test has them.
    struct Ends: Sendable {
        let server: RPCServer
        let client: any ClientTransport
    }

    /// Starts a server with these services, runs `body` with both ends, and ends the server.
    func run(
        _ services: [any RPCService] = [EchoService(), StreamService()],
        interceptors: (any ServerInterceptor)? = nil, around: (any ClientInterceptor)? = nil,
        profile: RPCProfile = .mesh, _ body: (Ends) async throws -> Void
    ) async throws {
        let link: InProcessTransport? =
            switch self {
            case .socket: nil
            case .encoded: InProcessTransport(.encoded)
            case .direct: InProcessTransport(.direct)
            }
        let server = RPCServer(
            listeners: [link.map { .inProcess($0) } ?? .plaintext(port: 0)], services: services,
            authorizer: ScopeAuthorizer(trustsEveryPeer: true), interceptors: interceptors,
            profile: profile)
        try await server.start()
        do {
            let client =
                try link?.client(interceptors: around)
                ?? RPCClient("127.0.0.1:\(server.port)", interceptors: around)
            try await body(Ends(server: server, client: client))
        } catch {
            await server.shutdown(grace: .zero)
            throw error
        }
        await server.shutdown(grace: .zero)
    }
}

extension TransportUnderTest.Ends {
    /// One unary call.
    func call(
        _ method: MethodDescriptor, _ payload: [UInt8] = [], options: CallOptions = CallOptions()
    ) async throws -> [UInt8] {
        let reply: EchoMessage = try await client.unary(
            method, EchoMessage(payload: payload), options: options)
        return reply.payload
    }

    func expectEcho(_ method: MethodDescriptor, _ payload: [UInt8]) async throws {
        let reply = try await call(method, payload)
        #expect(reply == payload)
    }

    /// The error of a unary call that must have one.
    func failure(
        _ method: MethodDescriptor, _ payload: [UInt8] = [], options: CallOptions = CallOptions()
    ) async throws -> RPCError {
        let error = await #expect(throws: RPCError.self) {
            try await call(method, payload, options: options)
        }
        return try #require(error)
    }

    func expect(
        _ code: StatusCode, _ method: MethodDescriptor, options: CallOptions = CallOptions()
    ) async throws {
        let error = try await failure(method, options: options)
        #expect(error.code == code)
    }

    /// A conversation, with the ends as `converse` of `StreamService` has them.
    func converse<Result>(
        _ method: MethodDescriptor = StreamService.converse, options: CallOptions = CallOptions(),
        _ body: (RequestWriter<EchoMessage>, ReplyStream<EchoMessage>) async throws -> Result
    ) async throws -> Result {
        try await client.bidirectional(method, options: options, body)
    }
}
