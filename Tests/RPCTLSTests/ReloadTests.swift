import Foundation
import RPC
import RPCTransport
import TLS
import Testing

@Suite("Certificates under open connections")
struct ReloadTests {
    @Test(
        "row 14: a rotated certificate is used by new handshakes; calls of open connections go on")
    func rotation() async throws {
        let authority = try Authority()
        let files = try authority.files("assay-models")
        let store = try CertificateStore(files)
        let server = try await MeshServer(
            try store.serverContext(accepting: [Authority.id("assay-risk")]))
        let old = try authority.client(server.target, "assay-risk", expect: "assay-models")
        #expect(try await old.ask() == "\(Authority.id("assay-risk"))")

        try authority.replace(files, by: "assay-models-renamed")
        store.check()
        let new = try authority.client(server.target, "assay-risk", expect: "assay-models-renamed")
        #expect(try await new.ask() == "\(Authority.id("assay-risk"))")
        #expect(try await old.ask() == "\(Authority.id("assay-risk"))")
        let third = try authority.client(server.target, "assay-risk", expect: "assay-models")
        let error = await #expect(throws: RPCError.self) { try await third.ask() }
        #expect(error?.message.contains("is not on the allow-list") == true)
        try await server.stop([old, new, third])
    }

    @Test("row 14: a client's own rotated certificate is shown by its next connection")
    func clientRotation() async throws {
        let authority = try Authority()
        let files = try authority.files("assay-risk")
        let store = try CertificateStore(files)
        let server = try await MeshServer(
            TLSContext.server(
                identity: try authority.identity("assay-models"), trust: authority.authority.trust,
                clientCertificate: .required))
        let context = try StoredTLSContext.mesh(store, expect: Authority.id("assay-models"))
        let old = try Authority.client(server.target, context)
        #expect(try await old.ask() == "\(Authority.id("assay-risk"))")
        try authority.replace(files, by: "assay-risk-renamed")
        store.check()
        let new = try Authority.client(server.target, context)
        #expect(try await new.ask() == "\(Authority.id("assay-risk-renamed"))")
        #expect(try await old.ask() == "\(Authority.id("assay-risk"))")
        try await server.stop([old, new])
    }

    @Test("row 20: files that are no sound set change nothing for new connections")
    func invalidFiles() async throws {
        let authority = try Authority()
        let files = try authority.files("assay-models")
        let store = try CertificateStore(files)
        let server = try await MeshServer(
            try store.serverContext(accepting: [Authority.id("assay-risk")]))
        try Data("nonsense".utf8).write(to: URL(filePath: files.certificate))
        store.check()
        #expect(store.status.refusals == 1 && store.status.isStale)
        let client = try authority.client(server.target, "assay-risk", expect: "assay-models")
        #expect(try await client.ask() == "\(Authority.id("assay-risk"))")
        try await server.stop([client])
    }

    @Test("row 14: an expired certificate of either side fails the call with the reason")
    func expired() async throws {
        let authority = try Authority()
        let past = CertificateValidity(
            notBefore: Int64(Date().timeIntervalSince1970) - 200,
            notAfter: Int64(Date().timeIntervalSince1970) - 100)
        for (serverValidity, clientValidity) in [
            (past, CertificateValidity.days(1)), (.days(1), past),
        ] {
            let server = try await MeshServer(
                TLSContext.server(
                    identity: try authority.identity("assay-models", serverValidity),
                    trust: authority.authority.trust, clientCertificate: .required))
            let target = server.target
            let client = try Authority.client(
                target,
                TLSContext.client(
                    trust: authority.authority.trust,
                    identity: try authority.identity("assay-risk", clientValidity),
                    expecting: .workloads([Authority.id("assay-models")])))
            let error = await #expect(throws: RPCError.self) { try await client.ask() }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("expired") == true, "\(error?.message ?? "")")
            try await server.stop([client])
            if serverValidity == past {
                #expect(error?.message.contains("certificate depth 0") == true)
                #expect(error?.message.contains("peer \(target)") == true)
            } else {
                let failure = try #require(server.handshakes.failures.first)
                #expect(failure.code == .certificateRejected)
                #expect(failure.message.contains("certificate has expired"))
                #expect(failure.verifyDepth == 0)
                #expect(failure.peerAddress?.hasPrefix("127.0.0.1:") == true)
            }
        }
    }
}

@Suite("Plaintext")
struct PlaintextTests {
    @Test("plaintext beyond loopback has to be spelled out")
    func insecure() async throws {
        for host in ["0.0.0.0", "::", "192.0.2.1", "assay-risk", "localhost.example", "128.0.0.1"] {
            let server = RPCServer(
                listeners: [.plaintext(host: host, port: 0)], services: [WhoAmI()])
            let error = await #expect(throws: TLSError.self) { try await server.start() }
            #expect(error?.code == .configuration)
        }
        for listener in [
            RPCListener.plaintext(host: "localhost", port: 0), .plaintext(port: 0),
            .plaintext(host: "0.0.0.0", port: 0, insecure: .everywhere),
        ] {
            let server = RPCServer(listeners: [listener], services: [WhoAmI()])
            try await server.start()
            await server.shutdown(grace: .zero)
        }
    }
}
