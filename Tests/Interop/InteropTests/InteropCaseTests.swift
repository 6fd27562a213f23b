import InteropCases
import RPC
import RPCTransport
import TLS
import TestSupport
import Testing

/// The interoperability cases of gRPC, in both directions with Python's grpcio, and between our own
/// two sides; in plaintext and over TLS.
@Suite("gRPC interoperability", .serialized, .timeLimit(.minutes(3)))
struct InteropCaseTests {
    enum Transport: String, CaseIterable, CustomTestStringConvertible {
        case plaintext, tls
        var testDescription: String { rawValue }
    }

    @Test(
        "our client calls grpcio's server", .enabled(if: Python.isThere, "no .venv with grpcio"),
        arguments: InteropCase.allCases, Transport.allCases)
    func client(_ testCase: InteropCase, _ transport: Transport) async throws {
        // What is to judge whether requests came compressed needs a tap before it.
        let judges = [.clientCompressedUnary, .clientCompressedStreaming].contains(testCase)
        let server = try await Peers.shared.foreignServer(transport, judges ? ["--tap"] : [])
        try await run(testCase, on: server.port, server.credentials)
    }

    @Test(
        "no call of ours fails while grpcio's server ends its connections, three times a second",
        .enabled(if: Python.isThere, "no .venv with grpcio"),
        arguments: [.rpcSoak, .concurrentLargeUnary] as [InteropCase], Transport.allCases)
    func endingConnections(_ testCase: InteropCase, _ transport: Transport) async throws {
        let server = try await Peers.shared.foreignServer(
            transport, ["--max_connection_age_ms", "300"])
        try await run(testCase, on: server.port, server.credentials, iterations: 300)
    }

    @Test(
        "grpcio's client calls our server", .enabled(if: Python.isThere, "no .venv with grpcio"),
        arguments: InteropCase.allCases, Transport.allCases)
    func server(_ testCase: InteropCase, _ transport: Transport) async throws {
        let client = try await Peers.shared.foreignClient(transport)
        let line = try await client.line(within: .seconds(60)) { line in
            line == "ok \(testCase)" || line.hasPrefix("FAIL \(testCase):")
        }
        #expect(line == "ok \(testCase)", "\(client.standardError)")
    }

    @Test(
        "our client calls our server", arguments: InteropCase.allCases, Transport.allCases)
    func ourselves(_ testCase: InteropCase, _ transport: Transport) async throws {
        let server = try await Peers.shared.server(transport)
        try await run(testCase, on: server.port, server.credentials)
    }

    private func connector(
        of port: Int, _ credentials: Credentials?
    ) -> @Sendable () throws -> RPCClient {
        {
            try RPCClient(
                "127.0.0.1:\(port)",
                tls: try credentials.map {
                    try TLSContext.client(trust: $0.trust, serverName: "localhost")
                })
        }
    }

    private func run(
        _ testCase: InteropCase, on port: Int, _ credentials: Credentials?, iterations: Int = 20
    ) async throws {
        let connect = connector(of: port, credentials)
        let client = try connect()
        let soak = InteropPeer.Soak(iterations: iterations, maximumLatency: .seconds(5))
        let result: Result<Void, any Error>
        do {
            let peer = InteropPeer(client: client, soak: soak, connect: connect)
            result = .success(try await testCase.run(against: peer))
        } catch {
            result = .failure(error)
        }
        await client.close()
        try result.get()
    }
}
