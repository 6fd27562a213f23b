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
        try await place.call(AssayModelsV1.ModelMonitoring.Client.init, deadline: deadline, body)
    }
}
