import AssayMessages
import RPC
import RPCServices
import RPCTransport

/// A server with the standard services, and a client of it, without a socket.
struct Link: Sendable {
    let server: RPCServer
    let client: any ClientTransport
    let transport: InProcessTransport
    let readiness: Readiness

    /// Runs `body` with a link, and takes it down.
    static func with(
        readiness: Readiness = Readiness(), reflection: Bool = false,
        authorizer: ScopeAuthorizer = ScopeAuthorizer(
            openScopes: [StandardServices.reflectionScope]),
        _ body: (Link) async throws -> Void
    ) async throws {
        let transport = InProcessTransport(.encoded)
        let server = RPCServer(
            listeners: [.inProcess(transport)],
            services: StandardServices.added(
                to: [Echo()], readiness: readiness, reflection: reflection),
            authorizer: authorizer)
        try await server.start()
        let link = Link(
            server: server, client: transport.client(), transport: transport,
            readiness: readiness)
        do {
            try await body(link)
        } catch {
            await server.shutdown(grace: .milliseconds(200))
            throw error
        }
        await server.shutdown(grace: .milliseconds(200))
    }
}

struct Echo: BenchV1.Echo.Service {
    func say(
        _ request: BenchV1.EchoMessage, context: ServerContext
    ) async throws -> BenchV1.EchoMessage { request }
}
