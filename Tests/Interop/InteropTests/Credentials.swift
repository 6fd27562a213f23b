import TLS
import TestSupport

/// Certificates in files, made for one run of the tests.
struct Credentials: Sendable {
    let identity: TLSIdentity
    let trust: TLSTrust
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        let authority = try DevelopmentCertificateAuthority(validity: .days(1))
        identity = try authority.issue(
            LeafCertificateRequest(
                commonName: "leaf", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"],
                validity: .days(1)))
        trust = authority.trust
        try trust.write(file: authorityFile)
        try identity.write(certificateFile: certificateFile, keyFile: keyFile)
    }

    var authorityFile: String { "\(directory.path)/authority.pem" }
    var certificateFile: String { "\(directory.path)/leaf.pem" }
    var keyFile: String { "\(directory.path)/leaf.key" }
}
