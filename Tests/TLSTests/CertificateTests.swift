import Foundation
import TLS
import Testing

@Suite("Certificates and names")
struct CertificateTests {
    @Test(
        "a SPIFFE ID has one spelling",
        arguments: [
            "spiffe://assay.example/ns/default/sa/assay-risk", "spiffe://a", "spiffe://a-b_c.d/X.Y",
        ])
    func validIDs(text: String) {
        #expect(SPIFFEID(text)?.description == text)
    }

    @Test(
        "what is not quite a SPIFFE ID is none",
        arguments: [
            "", "spiffe://", "spiffe:///a", "http://assay.example/a", "SPIFFE://a/b",
            "spiffe://A/b",
            "spiffe://a/", "spiffe://a//b", "spiffe://a/./b", "spiffe://a/../b", "spiffe://a/b?c",
            "spiffe://a:80/b", "spiffe://u@a/b", "spiffe://a/b\u{0}", "spiffe://a/b%20c",
            "spiffe://ä/b",
            "spiffe://" + String(repeating: "a", count: 256),
            "spiffe://a/" + String(repeating: "b", count: 2048),
        ])
    func invalidIDs(text: String) {
        #expect(SPIFFEID(text) == nil)
    }

    @Test("a leaf says what was asked for")
    func leaf() throws {
        let subject = try Credentials.risk.subject()
        #expect(subject.spiffeID == Credentials.spiffeID("assay-risk"))
        #expect(subject.dnsNames == ["localhost", "assay-risk"])
        let month = Int64(Date().timeIntervalSince1970) + 30 * 86_400
        #expect(abs(subject.expiresAt - month) < 3600)
    }

    @Test("the key file is its owner's alone, also when a file was there before")
    func fileModes() throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "assay-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let certificate = directory.appending(path: "leaf.pem").path
        let key = directory.appending(path: "leaf.key").path
        try Data("old".utf8).write(to: URL(filePath: key))
        try Credentials.risk.write(certificateFile: certificate, keyFile: key)
        let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let read = try TLSIdentity(certificateFile: certificate, keyFile: key)
        #expect(read.privateKey == Credentials.risk.privateKey)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 2)
    }

    @Test("an authority that was saved goes on issuing")
    func continuedAuthority() throws {
        let again = DevelopmentCertificateAuthority(identity: Credentials.authority.identity)
        let identity = try again.issue(Credentials.request("assay-risk"))
        let errors = try EnginePair(
            client: Credentials.meshClient(identity: identity), server: Credentials.meshServer()
        ).handshake()
        #expect(errors.client == nil && errors.server == nil)
    }

    @Test(
        "names that could smuggle another name into a certificate are refused",
        arguments: [
            "a,DNS:evil", "a b", "a\n", "", "ä",
        ])
    func smuggledNames(name: String) throws {
        var request = Credentials.request("assay-risk")
        request.dnsNames = [name]
        if name.allSatisfy({ ("!"..."~").contains($0) }), !name.isEmpty {
            // Printable: taken literally, as one name.
            #expect(try Credentials.authority.issue(request).subject().dnsNames == [name])
        } else {
            #expect(throws: TLSError.self) { try Credentials.authority.issue(request) }
        }
    }

    @Test("a key that does not fit, a damaged chain, an empty bundle: each is named")
    func configurationErrors() throws {
        let mixed = TLSIdentity(
            certificateChain: Credentials.risk.certificateChain,
            privateKey: Credentials.models.privateKey)
        #expect(throws: TLSError.self) { try TLSContext.server(identity: mixed) }
        let damaged = TLSIdentity(
            certificateChain: Array(Credentials.risk.certificateChain.dropLast(40)),
            privateKey: Credentials.risk.privateKey)
        #expect(throws: TLSError.self) { try TLSContext.server(identity: damaged) }
        #expect(throws: TLSError.self) {
            try TLSContext.client(trust: TLSTrust(certificates: []), serverName: "a")
        }
        #expect(throws: TLSError.self) {
            try TLSContext.server(identity: Credentials.risk, clientCertificate: .required)
        }
        #expect(throws: TLSError.self) { try TLSIdentity(certificateFile: "/none", keyFile: "/no") }
    }

    @Test("any truncation of a chain file is an error or a whole chain, never a crash")
    func truncatedPEM() throws {
        let whole = Credentials.risk.certificateChain
        for length in stride(from: 0, to: whole.count, by: 7) {
            let identity = TLSIdentity(
                certificateChain: Array(whole.prefix(length)),
                privateKey: Credentials.risk.privateKey)
            _ = try? TLSContext.server(identity: identity)
            _ = try? identity.subject()
        }
    }
}
