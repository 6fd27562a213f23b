import Foundation
import GatewayCore
import ServiceRuntime
import TLS

/// Makes what the four processes need on one machine: certificates, keys, configuration. What is
/// there already is kept, so keys survive a restart; the configuration is written anew.
struct DevelopmentSetup {
    let workspace: Workspace

    func prepare() throws {
        try workspace.createFolders()
        try DevelopmentCertificates(folder: workspace.path("tls")).make()
        try makeKeys()
    }

    private func makeKeys() throws {
        let file = workspace.path("config", "api-keys.yaml")
        let pepperFile = workspace.path("config", "pepper-1")
        let keyFiles = DevelopmentKey.allCases.map(workspace.apiKeyFile)
        if workspace.exists(file), keyFiles.allSatisfy(workspace.exists) { return }
        let secret = DevelopmentKey.bytes(32).map {
            String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
        }
        .joined()
        guard let pepper = Pepper(version: 1, secret: Array(secret.utf8)) else {
            throw Complaint("a pepper has at least 16 bytes")
        }
        var entries: [APIKeyFile.Entry] = []
        for name in DevelopmentKey.allCases {
            let made = DevelopmentKey.make(
                client: name.rawValue, tenant: DevelopmentKey.tenant, plan: name.plan,
                scopes: name.scopes, pepper: pepper, version: 1)
            entries.append(made.entry)
            try workspace.write(made.key.text + "\n", to: workspace.apiKeyFile(name))
        }
        try workspace.write(secret + "\n", to: pepperFile)
        try workspace.write(APIKeyFile(entries: entries).yaml, to: file)
    }

    /// The gateway's configuration for services at these ports.
    func writeGatewayConfiguration(
        port: Int, adminPort: Int, upstreams: [ServiceName: Int]
    ) throws {
        func upstream(_ service: ServiceName) -> String {
            "  \(service.rawValue): { target: \"127.0.0.1:\(upstreams[service] ?? 0)\", "
                + "expect: [\"\(SPIFFEID.service(service.executable))\"] }\n"
        }
        let text = """
            version: 1
            listeners:
              - name: public
                address: 127.0.0.1
                port: \(port)
                tls: { certificate: ../tls/edge.pem, key: ../tls/edge.key }
                authorities: [localhost, 127.0.0.1]
            admin: { address: 127.0.0.1, port: \(adminPort) }
            mesh: { certificate: ../tls/gateway.pem, key: ../tls/gateway.key, bundle: ../tls/ca.pem }
            authentication:
              api_keys: { file: api-keys.yaml, peppers: { 1: pepper-1 } }
            authorization:
              tenants:
                \(DevelopmentKey.tenant): { scopes: [\(DevelopmentKey.tenantScopes.joined(separator: ", "))] }
            limits:
              plans:
                default: { client: { limit: 100, period: 60s, burst: 100 } }
                replay: { client: { limit: 1000000, period: 1s, burst: 1000000 }, concurrency: 4096 }
            routes:
              - { service: assay.risk.v1.RiskAssessment, upstream: risk }
              - { service: assay.risk.v1.RuleAdministration, upstream: risk }
              - { service: assay.risk.v1.DecisionLog, upstream: risk }
              - { service: assay.models.v1.ModelServing, upstream: models }
              - { service: assay.models.v1.ModelRegistry, upstream: models }
              - { service: assay.models.v1.Experiments, upstream: models }
              - { service: assay.models.v1.ModelMonitoring, upstream: models }
              - { service: inference.GRPCInferenceService, upstream: models }
            upstreams:

            """
        try workspace.write(
            text + upstream(.risk) + upstream(.models), to: workspace.gatewayConfiguration)
    }
}
