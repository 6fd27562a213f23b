import Foundation
import ServiceRuntime
import TLS
import TestSupport

/// A real https server with an issuer's keys, and an authority that vouches for it.
final class IssuerHost: Sendable {
    let folder: TemporaryDirectory
    let port: Int
    private let process: ChildProcess
    let authorities: String

    init(_ keySet: [UInt8], host: String = "127.0.0.1") async throws {
        folder = try TemporaryDirectory()
        let authority = try DevelopmentCertificateAuthority()
        let leaf = try authority.issue(
            LeafCertificateRequest(
                commonName: host, dnsNames: host == "127.0.0.1" ? [] : [host],
                ipAddresses: host == "127.0.0.1" ? [host] : []))
        authorities = try folder.path("ca.pem")
        try authority.trust.write(file: authorities)
        let (certificate, key) = (try folder.path("host.pem"), try folder.path("host.key"))
        try leaf.write(certificateFile: certificate, keyFile: key)
        let document = try folder.write(String(decoding: keySet, as: UTF8.self), to: "jwks.json")
        let script = "\(PackageLayout.root)/Tests/GatewayIdentityTests/issuer.py"
        process = try ChildProcess("/usr/bin/python3", [script, certificate, key, document])
        let line = try await process.line { Int($0) != nil }
        port = Int(line) ?? 0
    }

    deinit { process.kill() }

    func url(_ path: String) -> String { "https://127.0.0.1:\(port)\(path)" }

    var trust: TLSTrust { get throws { try TLSTrust(file: authorities) } }

    /// Other keys from now on.
    func serve(_ keySet: [UInt8]) throws {
        try folder.write(String(decoding: keySet, as: UTF8.self), to: "jwks.json")
    }

    /// Nobody is there any more.
    func stop() { process.kill() }
}
