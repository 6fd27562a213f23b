import ArgumentParser
import AssayMessages
import RPC

/// A running registry, asked through the gateway.
struct RegistryOptions: ParsableArguments {
    @OptionGroup var place: WorkspaceOptions

    /// Calls the registry, and closes the connection afterwards.
    func call<Result>(
        as key: DevelopmentKey = .demo,
        _ body: (AssayModelsV1.ModelRegistry.Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        let connection = try GatewayConnection(place.workspace, key: key)
        let client = AssayModelsV1.ModelRegistry.Client(connection.transport)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(client, connection.options))
        } catch {
            result = .failure(error)
        }
        await connection.transport.close()
        return try result.get()
    }
}
