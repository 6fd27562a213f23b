import ArgumentParser
import AssayMessages
import Foundation
import RPC
import RPCTransport
import TLS

/// A connection straight to assay-risk on this machine, for calls that stream.
struct RiskServiceConnection: Sendable {
    let transport: RPCClient
    /// On whose behalf.
    let metadata: Metadata

    /// - Parameter scopes: what the command does.
    init(_ workspace: Workspace, scopes: [String]) throws {
        let tls = try TLSContext.client(
            trust: try TLSTrust(file: workspace.authority),
            identity: try TLSIdentity(
                certificateFile: workspace.certificate("gateway"),
                keyFile: workspace.key("gateway")),
            expecting: .workloads([SPIFFEID.service("assay-risk")]))
        let port = try RunFile.read(workspace).port(.risk)
        transport = try RPCClient("127.0.0.1:\(port)", tls: tls)
        metadata = [
            AssayHeader.tenant: DevelopmentKey.tenant,
            AssayHeader.client: "operator:\(NSUserName())",
            AssayHeader.scopes: scopes.joined(separator: " "),
        ]
    }

    func options(_ deadline: Duration) -> CallOptions {
        CallOptions(deadline: .after(deadline), metadata: metadata)
    }
}
