import ArgumentParser
import AssayMessages
import Foundation
import RPC
import RPCTransport
import TLS

/// A connection straight to assay-models on this machine, for calls that stream.
struct ModelServiceConnection: Sendable {
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
            expecting: .workloads([SPIFFEID.service("assay-models")]))
        let port = try RunFile.read(workspace).port(.models)
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

extension WorkspaceOptions {
    /// Calls experiments straight, and closes the connection afterwards.
    ///
    /// - Parameter scope: what the command does.
    func stream<Result>(
        scope: String,
        _ body: (AssayModelsV1.Experiments.Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        let connection = try ModelServiceConnection(workspace, scopes: [scope])
        let client = AssayModelsV1.Experiments.Client(connection.transport)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(client, connection.options(.seconds(3_600))))
        } catch let error as RPCError {
            result = .failure(Complaint("\(error.code): \(error.message)"))
        } catch {
            result = .failure(error)
        }
        await connection.transport.close()
        return try result.get()
    }
}
