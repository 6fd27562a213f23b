import ArgumentParser
import AssayMessages
import Foundation
import RPC

/// The running service's rules, asked through the gateway.
struct RulesOptions: ParsableArguments {
    @OptionGroup var place: WorkspaceOptions

    typealias Client = AssayRiskV1.RuleAdministration.Client

    /// Calls the service, and closes the connection afterwards.
    func call<Result>(
        as key: DevelopmentKey = .demo, deadline: Duration = .seconds(30),
        _ body: (Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        try await place.call(Client.init, as: key, deadline: deadline, body)
    }

    static func requestID() -> String { UUID().uuidString.lowercased() }
}

/// The form of an answer.
struct RulesOutput: ParsableArguments {
    @Flag(help: "Print the answer as JSON.") var json = false
}
