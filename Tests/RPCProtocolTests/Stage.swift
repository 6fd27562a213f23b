import AssayMessages
import NIOPosix
import RPC
import RPCTransport
import RawHTTP2
import Testing

/// An `RPCClient` and the server that answers it by hand.
struct Stage: Sendable {
    let client: RPCClient
    let server: RawServer

    static func open(
        retries: Bool = false, settings: Frame = .settings(),
        _ body: (Stage) async throws -> Void
    ) async throws {
        let listener = try await RawListener()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try RPCClient("127.0.0.1:\(listener.port)", group: group)
        do {
            let warm = Task { await client.warmUp() }
            let server = try await RawServer(listener, settings: settings)
            await warm.value
            try await body(Stage(client: client, server: server))
            await server.close()
        } catch {
            await close(client, listener, group)
            throw error
        }
        await close(client, listener, group)
    }

    private static func close(
        _ client: RPCClient, _ listener: RawListener, _ group: MultiThreadedEventLoopGroup
    ) async {
        await listener.close()
        await client.close()
        try? await group.shutdownGracefully()
    }

    /// A unary call, in a task of its own.
    func call(
        _ method: MethodDescriptor = ProbeService.hold, _ options: CallOptions = CallOptions(),
        payload: [UInt8] = []
    ) -> Task<EchoMessage, any Error> {
        let client = client
        return Task {
            try await client.unary(method, EchoMessage(payload: payload), options: options)
        }
    }

    /// What becomes of a call whose reply is `frames`, made for its stream.
    func outcome(_ frames: (UInt32) -> [Frame]) async throws -> RPCError? {
        let call = call()
        let (stream, _) = try await server.request()
        try await server.connection.send(bytes: frames(stream).flatMap(\.bytes))
        do {
            _ = try await call.value
            return nil
        } catch {
            return try #require(error as? RPCError)
        }
    }

    static func block(_ fields: Field...) -> [UInt8] { HPACK.block(fields) }
}
