import ArgumentParser
import AssayMessages
import Foundation
import RPC

/// The running service's rules, asked through the gateway.
struct RulesOptions: ParsableArguments {
    @OptionGroup var place: WorkspaceOptions

    typealias Client = AssayRiskV1.RuleAdministration.Client

    /// Calls the service, and closes the connection afterwards. Refusals become sentences.
    func call<Result>(
        as key: DevelopmentKey = .demo,
        _ body: (Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        let connection = try GatewayConnection(place.workspace, key: key)
        let client = Client(connection.transport)
        let options = CallOptions(deadline: .after(.seconds(30)), metadata: connection.metadata)
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

/// The form of an answer.
struct RulesOutput: ParsableArguments {
    @Flag(help: "Print the answer as JSON.") var json = false
}
