import ArgumentParser
import AssayMessages
import RPC

/// A running registry, asked through the gateway.
struct RegistryOptions: ParsableArguments {
    @OptionGroup var place: WorkspaceOptions

    /// Calls the registry, and closes the connection afterwards. A refusal has one line for each gate
    /// that failed.
    func call<Result>(
        as key: DevelopmentKey = .demo, deadline: Duration = .seconds(30),
        _ body: (AssayModelsV1.ModelRegistry.Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        try await place.call(
            AssayModelsV1.ModelRegistry.Client.init, as: key, deadline: deadline,
            sentence: Self.text, body)
    }

    /// A name for one change.
    static func requestID() -> String {
        "cli-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }

    static func text(_ error: RPCError) -> String {
        for case .badRequest(let violations) in error.details {
            let gates = violations.filter { $0.field.hasPrefix("gates.") }
            guard gates.count > 1 else { continue }
            let lines = gates.map { "  \($0.field.dropFirst(6)): \($0.description)" }
            return "\(gates.count) gates failed:\n" + lines.joined(separator: "\n")
        }
        return WorkspaceOptions.sentence(error)
    }
}
