import AssayMessages
import NIOPosix
import RPC
import RPCTransport
import Synchronization
import TestSupport
import Testing

/// A real assay-gateway in front of an echo, for requests made by hand.
final class EchoGateway: Sendable {
    let gateway: GatewayProgram
    let service = CountingEcho()
    private let server: RPCServer
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// - Parameters:
    ///   - timeouts: Of its connections, in YAML.
    ///   - listener: YAML behind the listener's name and port.
    init(timeouts: String = "", listener: String = "", further: String = "") async throws {
        server = RPCServer(
            listeners: [.plaintext(port: 0)], services: [service],
            authorizer: ScopeAuthorizer(trustsEveryPeer: true), group: group)
        try await server.start()
        gateway = try await GatewayProgram(
            GatewayProgram.publicFiles(
                upstream: server.port, listener: listener,
                further: "connections: { per_address: 10000, timeouts: { \(timeouts) } }\n"
                    + further), options: ["--loops", "1"])
    }

    func socket() async throws -> RawSocket { try await RawSocket(port: gateway.port) }

    /// What comes back until the gateway closes.
    func answer(to request: String) async throws -> String {
        let socket = try await socket()
        await socket.send(request)
        return try await socket.untilClosed()
    }

    func stop() async {
        let end = await gateway.stop()
        #expect(end == .exit(0), "\(gateway.process.standardError.suffix(2000))")
        await server.shutdown(grace: .milliseconds(100))
        try? await group.shutdownGracefully()
    }

    static func run(
        timeouts: String = "", listener: String = "", further: String = "",
        _ body: (EchoGateway) async throws -> Void
    ) async throws {
        let echo = try await EchoGateway(timeouts: timeouts, listener: listener, further: further)
        do {
            try await body(echo)
        } catch {
            Issue.record(error)
        }
        await echo.stop()
    }

    // MARK: Requests

    static let path = BenchV1.Echo.say.path
    static let json = "{\"payload\":\"AQID\"}"

    /// A request of HTTP/1.1 as any client sends it.
    ///
    /// - Parameter fields: Further ones, each with its line's end.
    static func post(_ body: String = json, to path: String = path, _ fields: String = "") -> String
    {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
    }

    /// The status of the first answer; 0 if there is none.
    static func status(_ answer: String) -> Int {
        answer.hasPrefix("HTTP/1.")
            ? answer.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 : 0
    }
}

/// Returns what it is sent, and counts.
final class CountingEcho: RPCService {
    private struct State {
        var payloads: [[UInt8]] = []
        var running = 0
        var mostRunning = 0
    }
    private let state = Mutex(State())

    var count: Int { state.withLock { $0.payloads.count } }
    var payloads: [[UInt8]] { state.withLock { $0.payloads } }
    var mostRunning: Int { state.withLock { $0.mostRunning } }

    func register(in registry: inout MethodRegistry) {
        registry.unary(BenchV1.Echo.say) { (request: BenchV1.EchoMessage, _) in
            self.state.withLock { state in
                state.payloads.append(Array(request.payload))
                state.running += 1
                state.mostRunning = max(state.mostRunning, state.running)
            }
            await Task.yield()
            self.state.withLock { $0.running -= 1 }
            return request
        }
    }
}
