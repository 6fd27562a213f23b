import ArgumentParser
import AssayMessages
import Foundation
import RPC

/// Running experiments, asked through the gateway.
struct ExperimentsOptions: ParsableArguments {
    @OptionGroup var place: WorkspaceOptions

    /// What a stream of a whole file may take.
    static let longest = Duration.seconds(3_600)

    /// Calls the service, and closes the connection afterwards.
    func call<Result>(
        deadline: Duration = .seconds(30),
        _ body: (AssayModelsV1.Experiments.Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        try await place.call(AssayModelsV1.Experiments.Client.init, deadline: deadline, body)
    }

    static func requestID() -> String { UUID().uuidString.lowercased() }
}
