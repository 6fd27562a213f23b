import Foundation
import ServiceRuntime
import TLS

/// A development authority, a certificate for each of the four processes, and the gateway's towards
/// clients, in one folder: `ca`, `gateway`, `risk`, `models`, `features` and `edge`, each as `.pem`
/// and `.key`.
struct DevelopmentCertificates {
    let folder: String
    /// Host names, besides localhost, under which clients reach the gateway.
    var edgeNames: [String] = []

    /// Keeps an authority that is there, so that clients who believe it go on; leaves are made anew
    /// and live 30 days.
    func make() throws {
        let authority = try authority()
        for service in ServiceName.allCases {
            let leaf = try authority.issue(
                LeafCertificateRequest(
                    commonName: service.executable, spiffeID: .service(service.executable),
                    dnsNames: ["localhost", service.executable], ipAddresses: ["127.0.0.1"]))
            try write(leaf, service.rawValue)
        }
        let edge = try authority.issue(
            LeafCertificateRequest(
                commonName: "localhost",
                dnsNames: ["localhost"] + edgeNames.filter { $0 != "localhost" },
                ipAddresses: ["127.0.0.1", "::1"]))
        try write(edge, "edge")
    }

    private func authority() throws -> DevelopmentCertificateAuthority {
        let (certificate, key) = (path("ca.pem"), path("ca.key"))
        if FileManager.default.fileExists(atPath: certificate),
            FileManager.default.fileExists(atPath: key)
        {
            return DevelopmentCertificateAuthority(
                identity: try TLSIdentity(certificateFile: certificate, keyFile: key))
        }
        let authority = try DevelopmentCertificateAuthority()
        try write(authority.identity, "ca")
        return authority
    }

    private func write(_ identity: TLSIdentity, _ name: String) throws {
        try identity.write(certificateFile: path("\(name).pem"), keyFile: path("\(name).key"))
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }
}
