import RPC
import RPCTransport
import TLS
import Testing

@Suite("Abuse: handshakes", .timeLimit(.minutes(2)))
struct HandshakeTests {
    let identity: TLSIdentity
    let client: TLSContext

    init() throws {
        let authority = try DevelopmentCertificateAuthority(validity: .days(1))
        identity = try authority.issue(
            LeafCertificateRequest(
                commonName: "leaf", spiffeID: SPIFFEID("spiffe://assay.example/ns/a/sa/b"),
                dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], validity: .days(1)))
        client = try .client(trust: authority.trust, serverName: "localhost")
    }

    @Test(
        "A16 a handshake flood: listeners pause at the cap, and who does not go on is closed",
        arguments: Door.allCases)
    func flood(door: Door) async throws {
        var profile = RPCProfile.edge
        profile.maximumHandshakes = 4
        profile.handshakeTimeout = .milliseconds(100)
        try await AbuseServer.endures(
            "A16", door: door, profile: profile, identity: identity, clientTLS: client
        ) {
            server in
            var peers: [RawPeer] = []
            for _ in 0..<10 { peers.append(try await server.peer(cuts: false)) }
            for peer in peers { _ = await peer.untilClosed() }
        }
    }

    @Test(
        "A17 suites of RFC 9113's appendix A are refused in the handshake", arguments: Door.allCases
    )
    func weakSuites(door: Door) async throws {
        // RSA and CBC, static ECDH, RC4, 3DES, DHE: none is offered by the server.
        let suites: [[UInt8]] = [
            [0x00, 0x2f], [0xc0, 0x13], [0xc0, 0x09], [0x00, 0x05], [0x00, 0x0a], [0x00, 0x9e],
        ]
        try await AbuseServer.endures("A17", door: door, identity: identity, clientTLS: client) {
            server in
            for suite in suites {
                let peer = try await server.peer(cuts: false)
                await peer.send(Self.clientHello(suites: suite))
                let answer = await peer.untilClosed().flatMap(\.payload)
                // An alert, fatal, handshake_failure.
                #expect(answer == [21, 3, 3, 0, 2, 2, 40], "\(suite)")
            }
        }
    }

    /// A ClientHello of TLS 1.2 (RFC 5246 §7.4.1.2) with ALPN h2.
    static func clientHello(suites: [UInt8]) -> [UInt8] {
        func sized(_ bytes: [UInt8]) -> [UInt8] {
            [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
        }
        func item(_ type: UInt8, _ bytes: [UInt8]) -> [UInt8] { [0, type] + sized(bytes) }
        let extensions =
            item(10, sized([0, 29, 0, 23])) + item(11, [1, 0])
            + item(13, sized([4, 3, 8, 4, 4, 1, 2, 1, 2, 3])) + item(16, sized([2, 0x68, 0x32]))
        let hello =
            [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + sized(suites) + [1, 0]
            + sized(extensions)
        return [22, 3, 1] + sized([1, 0] + sized(hello))
    }
}
