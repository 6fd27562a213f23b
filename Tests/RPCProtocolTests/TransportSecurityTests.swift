import NIOPosix
import RPC
import RPCTransport
import RawHTTP2
import TLS
import Testing

/// P2 and P32 over TLS.
@Suite("Requirements on the transport")
struct TransportSecurityTests {
    private static func withServer(
        _ body: (_ port: Int, _ trust: TLSTrust) async throws -> Void
    ) async throws {
        let authority = try DevelopmentCertificateAuthority(validity: .days(1))
        let identity = try authority.issue(
            LeafCertificateRequest(
                commonName: "leaf", spiffeID: SPIFFEID("spiffe://assay.example/ns/t/sa/server"),
                dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], validity: .days(1)))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = RPCServer(
            listeners: [
                .tls(host: "127.0.0.1", port: 0, context: try TLSContext.server(identity: identity))
            ],
            services: [ProbeService()], group: group)
        try await server.start()
        do {
            try await body(server.port, authority.trust)
        } catch {
            await server.shutdown(grace: .milliseconds(100))
            try? await group.shutdownGracefully()
            throw error
        }
        await server.shutdown(grace: .milliseconds(100))
        try? await group.shutdownGracefully()
    }

    @Test("P2 over TLS the scheme is https")
    func scheme() async throws {
        try await Self.withServer { port, trust in
            let client = try await RawClient(
                port: port, tls: .client(trust: trust, expecting: .anyTrusted))
            try await client.handshake()
            func fields(_ scheme: String) -> [Field] {
                [
                    Field(":method", "POST"), Field(":scheme", scheme), Field(":path", Site.say),
                    Field(":authority", "test"), Field("content-type", "application/grpc"),
                    Field("te", "trailers"),
                ]
            }
            await client.send(.headers(1, HPACK.block(fields("http")), ends: true))
            #expect(try await client.streamError(1) == .protocolError)
            await client.send(
                .headers(3, HPACK.block(fields("https"))),
                .data(3, [0, 0, 0, 0, 0], ends: true))
            #expect(try await client.response(3).code == 0)
            await client.close()
        }
    }

    @Test("P32 a peer that does not choose h2 by ALPN is refused", arguments: [["http/1.1"], []])
    func protocols(_ offered: [String]) async throws {
        try await Self.withServer { port, trust in
            let tls = try TLSContext.client(trust: trust, expecting: .anyTrusted, alpn: offered)
            await #expect(throws: (any Error).self) {
                let client = try await RawClient(port: port, tls: tls)
                try await client.handshake()
            }
        }
    }
}
