import ArgumentParser
import Foundation
import RPC
import RPCTransport
import TLS

/// Which feature store to talk to, and as whom.
struct FeatureServerOptions: ParsableArguments {
    @OptionGroup var place: WorkspaceOptions
    @Option(
        help: "HOST:PORT of the feature store; by default the one that runs on the data folder.")
    var address: String?
    @Option(help: "File of the authority; by default that of the data folder.")
    var authority: String?
    @Option(help: "Certificate of a service that may forward; by default that of the data folder.")
    var certificate: String?
    @Option(help: "File of its key.") var certificateKey: String?
    @Option(help: "Whose features.") var tenant = "demo"

    func validate() throws {
        guard (certificate == nil) == (certificateKey == nil) else {
            throw ValidationError("--certificate and --certificate-key belong together")
        }
    }

    /// - Parameter scopes: what the command does.
    func connect(scopes: [String]) throws -> FeaturesConnection {
        let workspace = place.workspace
        let address =
            try address ?? "127.0.0.1:\(RunFile.read(workspace).port(.features))"
        let tls = try TLSContext.client(
            trust: try TLSTrust(file: authority ?? workspace.authority),
            identity: try TLSIdentity(
                certificateFile: certificate ?? workspace.certificate("gateway"),
                keyFile: certificateKey ?? workspace.key("gateway")),
            expecting: .workloads([SPIFFEID.service("assay-features")]))
        return FeaturesConnection(
            transport: try RPCClient(address, tls: tls),
            metadata: [
                AssayHeader.tenant: tenant, AssayHeader.client: "operator:\(NSUserName())",
                AssayHeader.scopes: scopes.joined(separator: " "),
            ])
    }
}

/// A connection to a running feature store.
struct FeaturesConnection: Sendable {
    let transport: RPCClient
    /// On whose behalf.
    let metadata: Metadata

    func options(_ deadline: Duration) -> CallOptions {
        CallOptions(deadline: .after(deadline), metadata: metadata)
    }
}
