import ArgumentParser
import AssayMessages
import RPC

/// What watches models on a running service, asked through the gateway.
struct MonitoringOptions: ParsableArguments {
    @OptionGroup var place: WorkspaceOptions

    /// Calls the service, and closes the connection afterwards.
    func call<Result>(
        deadline: Duration = .seconds(30),
        _ body: (AssayModelsV1.ModelMonitoring.Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        let connection = try GatewayConnection(place.workspace, key: .demo)
        let client = AssayModelsV1.ModelMonitoring.Client(connection.transport)
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
}
