import Foundation
import RPC
import RPCTransport
import TLS

/// A connection to a running gateway with one of the development keys.
struct GatewayConnection: Sendable {
    let transport: RPCClient
    /// The API key.
    let metadata: Metadata

    init(_ workspace: Workspace, key: DevelopmentKey) throws {
        let port = try RunFile.read(workspace).port(.gateway)
        let tls = try TLSContext.client(
            trust: try TLSTrust(file: workspace.authority), serverName: "localhost",
            versions: .edge)
        transport = try RPCClient("127.0.0.1:\(port)", tls: tls)
        metadata = ["x-api-key": try workspace.apiKey(key)]
    }

    var options: CallOptions { CallOptions(metadata: metadata) }
}
