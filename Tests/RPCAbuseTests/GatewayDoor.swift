import Foundation
import RPCTransport
import TLS
import TestSupport

/// An assay-gateway in front of a `Victim`.
enum GatewayDoor {
    /// - Parameter securePort: Where the identity is shown; 0 on the first port itself.
    static func open(
        to port: Int, _ profile: RPCProfile, identity: TLSIdentity?, securePort: Int = 0
    ) async throws -> GatewayProgram {
        let further = securePort > 0 ? " }, { name: secure, port: \(securePort)" : ""
        let tls = identity == nil ? "" : ", tls: { certificate: edge.pem, key: edge.key }"
        var files = GatewayProgram.publicFiles(
            upstream: port, listener: further + tls, further: connections(profile))
        if let identity {
            let folder = try TemporaryDirectory()
            let (certificate, key) = ("\(folder.path)/edge.pem", "\(folder.path)/edge.key")
            try identity.write(certificateFile: certificate, keyFile: key)
            files["edge.pem"] = try String(contentsOfFile: certificate, encoding: .utf8)
            files["edge.key"] = try String(contentsOfFile: key, encoding: .utf8)
        }
        return try await GatewayProgram(files, options: ["--loops", "1"])
    }

    /// The profile's numbers as a configuration has them.
    private static func connections(_ profile: RPCProfile) -> String {
        let http2 = profile.http2
        let times = [
            ("handshake", profile.handshakeTimeout), ("settings", http2.settingsTimeout),
            ("headers", http2.headerBlockTimeout), ("first_request", http2.firstRequestTimeout),
            ("body", http2.progressInterval), ("stall", http2.stallTimeout),
            ("idle", .seconds(1)),
        ].map { "\($0): \(Int($1 / .milliseconds(1)))ms" }
        return """
            connections:
              total: \(profile.maximumConnections)
              per_address: \(profile.maximumConnectionsPerAddress ?? 1_000_000)
              handshakes: \(profile.maximumHandshakes)
              timeouts: { \(times.joined(separator: ", ")) }
            """
    }
}
