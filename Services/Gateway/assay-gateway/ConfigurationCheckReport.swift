import Foundation
import GatewayCore
import TLS

/// What `--check` finds and prints.
struct ConfigurationCheckReport {
    let file: String
    let snapshot: GatewaySnapshot

    /// Loads the certificates, too: chain, key and trust must fit together.
    func checkCertificates() throws(GatewayCore.ConfigurationError) {
        let configuration = snapshot.configuration
        if let mesh = configuration.mesh {
            try check(mesh.certificate, mesh.key, mesh.bundle, of: "mesh")
        }
        for listener in configuration.listeners {
            guard let tls = listener.tls else { continue }
            try check(
                tls.certificate, tls.key, tls.clientAuthorities, of: "listener \(listener.name)")
        }
    }

    private func check(
        _ certificate: String, _ key: String, _ trust: String?, of name: String
    ) throws(GatewayCore.ConfigurationError) {
        func path(_ file: String) -> String {
            GatewayLoader.resolve(file, besides: self.file)
        }
        do {
            _ = try CertificateStore(
                CertificateStore.Files(
                    certificate: path(certificate), key: path(key), trust: trust.map(path)))
        } catch {
            throw GatewayCore.ConfigurationError(file: file, message: "\(name): \(error)")
        }
    }

    var summary: String {
        let configuration = snapshot.configuration
        return "\(file): \(snapshot.routes.routes.count) methods on "
            + "\(configuration.upstreams.count) upstreams, "
            + "\(configuration.listeners.count) listeners, \(snapshot.plans.count) plans, "
            + "\(snapshot.scopes.names.count) scopes, \(snapshot.keys.entries.count) API keys"
    }

    /// What would change if this configuration took the place of `other`.
    func difference(against other: GatewaySnapshot) -> String {
        let change = ConfigurationChange(from: other, to: snapshot)
        if change.isEmpty { return "nothing would change" }
        var text = change.lines.joined(separator: "\n")
        if !change.needsRestart.isEmpty {
            text += "\nneeds a restart, a running gateway would refuse it:\n  "
            text += change.needsRestart.joined(separator: "\n  ")
        }
        return text
    }
}
