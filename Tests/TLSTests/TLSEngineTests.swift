import TLS
import Testing

@Suite("The engine")
struct TLSEngineTests {
    private func connected() throws -> EnginePair {
        let pair = try EnginePair(
            client: Credentials.meshClient(), server: Credentials.meshServer())
        let errors = pair.handshake()
        #expect(errors.client == nil)
        #expect(errors.server == nil)
        return pair
    }

    @Test("two workloads of one mesh learn each other's names over TLS 1.3")
    func mutualIdentity() throws {
        let pair = try connected()
        #expect(pair.client.isEstablished && pair.server.isEstablished)
        #expect(pair.server.peer?.spiffeID == Credentials.spiffeID("assay-risk"))
        #expect(pair.client.peer?.spiffeID == Credentials.spiffeID("assay-models"))
        #expect(pair.client.peer?.dnsNames == ["localhost", "assay-models"])
        #expect(pair.client.peer?.fingerprint.count == 32)
        #expect(pair.client.applicationProtocol == "h2")
        #expect(pair.server.applicationProtocol == "h2")
        #expect(pair.server.serverName == "assay-models")
        #expect(pair.client.version == "TLSv1.3")
    }

    @Test("bytes arrive as they were sent, in both directions", arguments: [1, 16_384, 300_000])
    func transfer(count: Int) throws {
        let pair = try connected()
        var generator = SeededGenerator(state: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        #expect(try pair.send(bytes, from: pair.client, to: pair.server) == bytes)
        #expect(try pair.send(bytes, from: pair.server, to: pair.client) == bytes)
    }

    @Test("ciphertext may arrive a byte at a time")
    func dribble() throws {
        let pair = try EnginePair(
            client: Credentials.meshClient(), server: Credentials.meshServer())
        for _ in 0..<8 {
            _ = try pair.client.handshake()
            for byte in pair.client.takeAll() {
                pair.server.receive([byte])
                _ = try pair.server.handshake()
            }
            for byte in pair.server.takeAll() {
                pair.client.receive([byte])
                _ = try pair.client.handshake()
            }
        }
        #expect(pair.client.isEstablished && pair.server.isEstablished)
    }

    @Test("close_notify tells the peer that nothing was cut off")
    func closeNotify() throws {
        let pair = try connected()
        pair.client.sendCloseNotify()
        pair.server.receive(pair.client.takeAll())
        var memory: [UInt8] = [0]
        let result = try memory.withUnsafeMutableBytes { try pair.server.read(into: $0) }
        #expect(result == .closed)
    }

    @Test("an edge server takes TLS 1.2 and a client without a certificate")
    func edge() throws {
        let server = try TLSContext.server(
            identity: Credentials.models, trust: Credentials.authority.trust,
            clientCertificate: .optional, versions: .edge, alpn: ["h2", "http/1.1"])
        let client = try TLSContext.client(
            trust: Credentials.authority.trust, serverName: "localhost", versions: .edge,
            alpn: ["http/1.1"])
        let pair = try EnginePair(client: client, server: server)
        let errors = pair.handshake()
        #expect(errors.client == nil && errors.server == nil)
        #expect(pair.server.isEstablished && pair.server.peer == nil)
        #expect(pair.server.applicationProtocol == "http/1.1")
    }

    @Test("a dialled address is checked against the certificate's addresses")
    func addressIsChecked() throws {
        let server = try TLSContext.server(identity: Credentials.models)
        for (address, fits) in [("127.0.0.1", true), ("::1", true), ("127.0.0.2", false)] {
            let client = try TLSContext.client(
                trust: Credentials.authority.trust, serverName: address)
            let errors = try EnginePair(client: client, server: server).handshake()
            #expect(
                (errors.client == nil) == fits, "\(address): \(String(describing: errors.client))")
        }
    }

    @Test("one context serves many connections and outlives them")
    func sharedContext() throws {
        let server = try Credentials.meshServer()
        let client = try Credentials.meshClient()
        for _ in 0..<20 {
            let pair = try EnginePair(client: client, server: server)
            let errors = pair.handshake()
            #expect(errors.client == nil && errors.server == nil)
        }
    }
}
