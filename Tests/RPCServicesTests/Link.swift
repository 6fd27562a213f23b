import AssayMessages
import NIOPosix
import RPC
import RPCServices
import RPCTransport

/// A server with the standard services, and a client of it.
struct Link: Sendable {
    let server: RPCServer
    let client: RPCClient
    let readiness: Readiness

    /// Runs `body` with a link, and takes it down.
    static func with(
        readiness: Readiness = Readiness(), reflection: Bool = false,
        authorizer: ScopeAuthorizer = ScopeAuthorizer(
            openScopes: [StandardServices.reflectionScope]),
        _ body: (Link) async throws -> Void
    ) async throws {
        let server = RPCServer(
            listeners: [.plaintext(port: 0)],
            services: StandardServices.added(
                to: [Echo()], readiness: readiness, reflection: reflection),
            authorizer: authorizer)
        try await server.start()
        let link = Link(
            server: server, client: try RPCClient("127.0.0.1:\(server.port)"), readiness: readiness)
        do {
            try await body(link)
        } catch {
            await link.end()
            throw error
        }
        await link.end()
    }

    private func end() async {
        await client.close()
        await server.shutdown(grace: .milliseconds(200))
    }
}

struct Echo: BenchV1.Echo.Service {
    func say(
        _ request: BenchV1.EchoMessage, context: ServerContext
    ) async throws -> BenchV1.EchoMessage { request }
}
