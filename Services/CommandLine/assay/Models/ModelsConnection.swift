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

    /// The same with refusals as sentences, one line for each gate that failed.
    func change<Result>(
        as key: DevelopmentKey = .demo,
        _ body: (AssayModelsV1.ModelRegistry.Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        do {
            return try await call(as: key, body)
        } catch {
            if let refusal = error as? RPCError { throw Complaint(Self.text(refusal)) }
            throw error
        }
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
        return "\(error.code): \(error.message)"
    }
}
