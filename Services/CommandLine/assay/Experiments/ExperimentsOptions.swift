import ArgumentParser
import AssayMessages
import Foundation
import RPC

/// Running experiments, asked through the gateway.
struct ExperimentsOptions: ParsableArguments {
    @OptionGroup var place: WorkspaceOptions

    /// Calls the service, and closes the connection afterwards.
    func call<Result>(
        deadline: Duration = .seconds(30),
        _ body: (AssayModelsV1.Experiments.Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        let connection = try GatewayConnection(place.workspace, key: .demo)
        let client = AssayModelsV1.Experiments.Client(connection.transport)
        let options = CallOptions(deadline: .after(deadline), metadata: connection.metadata)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(client, options))
        } catch let error as RPCError {
            result = .failure(Complaint("\(error.code): \(error.message)"))
        } catch {
            result = .failure(error)
        }
        await connection.transport.close()
        return try result.get()
    }

    static func requestID() -> String { UUID().uuidString.lowercased() }
}
