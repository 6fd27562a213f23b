import TLS
import Testing

@Suite("A hostile or mistaken peer")
struct HostilePeerTests {
    private func expectRejected(_ error: TLSError?, _ part: String) {
        #expect(error?.code == .certificateRejected)
        #expect(error?.message.contains(part) == true, "\(String(describing: error))")
    }

    @Test("a client of a foreign authority is refused, and is told so")
    func foreignClient() throws {
        let foreign = try Credentials.stranger.issue(Credentials.request("assay-risk"))
        let errors = try EnginePair(
            client: Credentials.meshClient(identity: foreign), server: Credentials.meshServer()
        ).handshake()
        expectRejected(errors.server, "issuer")
        #expect(errors.client?.reasons.joined().contains("alert") == true)
    }

    @Test("a server of a foreign authority is refused")
    func foreignServer() throws {
        let foreign = try Credentials.stranger.issue(Credentials.request("assay-models"))
        let errors = try EnginePair(
            client: Credentials.meshClient(), server: Credentials.meshServer(identity: foreign)
        ).handshake()
        expectRejected(errors.client, "issuer")
        #expect(errors.server != nil)
    }

    @Test("a workload that is not on the server's allow-list is refused with an alert")
    func wrongClientWorkload() throws {
        let errors = try EnginePair(
            client: Credentials.meshClient(), server: Credentials.meshServer(accepting: ["other"])
        ).handshake()
        expectRejected(errors.server, "sa/assay-risk is not on the allow-list")
        #expect(errors.server?.verifyDepth == 0)
        #expect(errors.client != nil)
    }

    @Test("a server that is another workload than expected is refused")
    func wrongServerWorkload() throws {
        let errors = try EnginePair(
            client: Credentials.meshClient(expecting: ["assay-features"]),
            server: Credentials.meshServer()
        ).handshake()
        expectRejected(errors.client, "sa/assay-models is not on the allow-list")
    }

    @Test("a certificate without a workload's name is refused in the mesh")
    func namelessClient() throws {
        var request = Credentials.request("assay-risk")
        request.spiffeID = nil
        let nameless = try Credentials.authority.issue(request)
        let errors = try EnginePair(
            client: Credentials.meshClient(identity: nameless), server: Credentials.meshServer()
        ).handshake()
        expectRejected(errors.server, "exactly one workload")
    }

    @Test("an expired and a not yet valid certificate are refused")
    func outsideValidity() throws {
        let past = CertificateValidity(notBefore: 1_000_000_000, notAfter: 1_000_086_400)
        let future = CertificateValidity(notBefore: 4_000_000_000, notAfter: 4_000_086_400)
        for (validity, reason) in [(past, "expired"), (future, "not yet valid")] {
            var request = Credentials.request("assay-risk")
            request.validity = validity
            let identity = try Credentials.authority.issue(request)
            let errors = try EnginePair(
                client: Credentials.meshClient(identity: identity),
                server: Credentials.meshServer()
            ).handshake()
            expectRejected(errors.server, reason)
        }
    }

    @Test("a client that shows no certificate is refused where one is required")
    func missingClientCertificate() throws {
        let errors = try EnginePair(
            client: Credentials.meshClient(identity: nil), server: Credentials.meshServer()
        ).handshake()
        #expect(errors.server?.reasons.contains("peer did not return a certificate") == true)
    }

    @Test("a server certificate for another host is refused")
    func wrongHost() throws {
        let client = try TLSContext.client(
            trust: Credentials.authority.trust, serverName: "bank.example")
        let server = try TLSContext.server(identity: Credentials.models)
        let errors = try EnginePair(client: client, server: server).handshake()
        expectRejected(errors.client, "ostname mismatch")
    }

    @Test("a leaf cannot act as an authority")
    func leafAsAuthority() throws {
        let rogue = DevelopmentCertificateAuthority(identity: Credentials.models)
        var forged = try rogue.issue(Credentials.request("assay-risk"))
        forged = TLSIdentity(
            certificateChain: forged.certificateChain + Credentials.models.certificateChain,
            privateKey: forged.privateKey)
        let errors = try EnginePair(
            client: Credentials.meshClient(identity: forged), server: Credentials.meshServer()
        ).handshake()
        #expect(errors.server?.code == .certificateRejected)
    }

    @Test("TLS 1.2 is refused in the mesh")
    func oldVersion() throws {
        // The client's hello is cut down to 1.2 by renaming its supported_versions extension.
        let pair = try EnginePair(
            client: TLSContext.client(
                trust: Credentials.authority.trust, serverName: "localhost", versions: .edge),
            server: TLSContext.server(identity: Credentials.models))
        let errors = pair.handshake { side, bytes in
            side == .client ? Self.renameSupportedVersions(bytes) : bytes
        }
        #expect(errors.server?.reasons.contains { $0.contains("protocol") } == true)
    }

    private static func renameSupportedVersions(_ hello: [UInt8]) -> [UInt8] {
        var hello = hello
        // supported_versions is 0x002B, length 5, list length 4: 1.3 and 1.2.
        let pattern: [UInt8] = [0x00, 0x2B, 0x00, 0x05, 0x04]
        for index in hello.indices.dropLast(pattern.count)
        where hello[index..<index + pattern.count].elementsEqual(pattern) {
            hello[index] = 0xFA
            hello[index + 1] = 0xFA
        }
        return hello
    }

    @Test("a client without ALPN, or with a foreign protocol, is refused")
    func applicationProtocols() throws {
        let server = try TLSContext.server(identity: Credentials.models)
        for offered in [[], ["spdy/3"]] {
            let client = try TLSContext.client(
                trust: Credentials.authority.trust, serverName: "localhost", alpn: offered)
            let errors = try EnginePair(client: client, server: server).handshake()
            #expect(errors.server != nil)
            #expect(
                errors.client?.reasons.joined().contains("no application protocol") == true,
                "\(String(describing: errors.client))")
        }
    }

    @Test("random bytes instead of a hello are an error, never a crash")
    func garbage() throws {
        let context = try Credentials.meshServer()
        for seed in 0..<300 {
            var generator = SeededGenerator(state: UInt64(seed))
            let count = Int.random(in: 1...2000, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // Half of them look like a handshake record, so that they get past the first check.
            if seed.isMultiple(of: 2) {
                bytes.replaceSubrange(0..<min(3, count), with: [22, 3, 1])
            }
            let engine = try TLSEngine(context)
            engine.receive(bytes)
            let finished = (try? engine.handshake()) ?? false
            #expect(!finished, "seed \(seed)")
        }
    }

    @Test("a flipped bit anywhere in a handshake never completes it on both sides unnoticed")
    func flippedBits() throws {
        let client = try Credentials.meshClient()
        let server = try Credentials.meshServer()
        for seed in 0..<300 {
            var generator = SeededGenerator(state: UInt64(seed))
            let side = Bool.random(using: &generator) ? EnginePair.Side.client : .server
            let pair = try EnginePair(client: client, server: server)
            var flipped = false
            let errors = pair.handshake { sender, bytes in
                guard sender == side, !flipped, bytes.count > 5 else { return bytes }
                flipped = true
                var bytes = bytes
                // Past the record header: its version field carries no meaning.
                let index = Int.random(in: 5..<bytes.count, using: &generator)
                bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                return bytes
            }
            let bothDone = pair.client.isEstablished && pair.server.isEstablished
            #expect(flipped, "seed \(seed)")
            #expect(!bothDone || errors.client != nil || errors.server != nil, "seed \(seed)")
        }
    }

    @Test("a truncated handshake waits for more, and never completes")
    func truncated() throws {
        let client = try Credentials.meshClient()
        let server = try Credentials.meshServer()
        for seed in 0..<100 {
            var generator = SeededGenerator(state: UInt64(seed))
            let pair = try EnginePair(client: client, server: server)
            var cut = false
            _ = pair.handshake { sender, bytes in
                guard sender == .client else { return bytes }
                if cut { return [] }
                cut = true
                return Array(bytes.prefix(Int.random(in: 0..<bytes.count, using: &generator)))
            }
            #expect(!pair.server.isEstablished, "seed \(seed)")
        }
    }

    @Test("a tampered record after the handshake is an error at the reader")
    func tamperedRecord() throws {
        for position in [0, 5, 7, 20, 40] {
            let pair = try EnginePair(
                client: Credentials.meshClient(), server: Credentials.meshServer())
            _ = pair.handshake()
            try [UInt8](repeating: 7, count: 64).withUnsafeBytes { try pair.client.write($0) }
            var record = pair.client.takeAll()
            record[position] ^= 0x40
            pair.server.receive(record)
            #expect(throws: TLSError.self, "position \(position)") { try pair.server.readAll() }
        }
    }

    @Test("a replayed record is an error")
    func replayedRecord() throws {
        let pair = try EnginePair(
            client: Credentials.meshClient(), server: Credentials.meshServer())
        _ = pair.handshake()
        try [UInt8](repeating: 7, count: 64).withUnsafeBytes { try pair.client.write($0) }
        let record = pair.client.takeAll()
        pair.server.receive(record)
        #expect(try pair.server.readAll().count == 64)
        pair.server.receive(record)
        #expect(throws: TLSError.self) { try pair.server.readAll() }
    }
}
