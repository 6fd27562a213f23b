import RPC

extension WorkspaceOptions {
    /// Calls a service of the running Assay through its gateway, and closes the connection
    /// afterwards. A refusal becomes a sentence.
    ///
    /// - Parameters:
    ///   - client: Makes the service's client, such as `AssayRiskV1.RiskAssessment.Client.init`.
    ///   - key: As whom.
    ///   - deadline: How long the call may take, streams to their end.
    ///   - sentence: What a refusal says.
    func call<Client, Result>(
        _ client: (any ClientTransport) -> Client, as key: DevelopmentKey = .demo,
        deadline: Duration = .seconds(30),
        sentence: (RPCError) -> String = WorkspaceOptions.sentence,
        _ body: (Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        let connection = try GatewayConnection(workspace, key: key)
        let options = CallOptions(deadline: .after(deadline), metadata: connection.metadata)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(client(connection.transport), options))
        } catch {
            let refusal = error as? RPCError
            result = .failure(refusal.map { Complaint(sentence($0)) } ?? error)
        }
        await connection.transport.close()
        return try result.get()
    }

    /// What a person needs to know of a refusal: each field that is wrong has a line.
    static func sentence(_ refusal: RPCError) -> String {
        var lines = ["\(refusal.code): \(refusal.message)"]
        for case .badRequest(let violations) in refusal.details {
            lines += violations.map { "  \($0.field): \($0.description)" }
        }
        return lines.joined(separator: "\n")
    }
}
