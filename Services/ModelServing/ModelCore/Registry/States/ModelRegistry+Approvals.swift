public import AssayMessages
internal import RPC

extension ModelRegistry {
    /// Keeps what somebody says of a version: approved, rejected, or neither any longer.
    ///
    /// - Throws: PERMISSION_DENIED to whoever uploaded the version.
    public func approve(
        _ request: AssayModelsV1.ApproveRequest, by caller: String = ""
    ) async throws -> AssayModelsV1.Approval {
        guard !request.reason.isEmpty else { throw RPCError.invalid("reason", "why?") }
        guard !request.role.isEmpty else {
            throw RPCError.invalid("role", "as what do you speak, such as \"model risk\"?")
        }
        guard [.approved, .rejected, .withdrawn].contains(request.decision) else {
            throw RPCError.invalid("decision", "expected approved, rejected or withdrawn")
        }
        let person = caller.isEmpty ? request.actor : caller
        guard !person.isEmpty else {
            throw RPCError(.permissionDenied, "who is it that approves?", reason: "caller_unknown")
        }
        _ = try snapshot.model(request.model)
        var committed: AssayModelsV1.VersionState?
        return try await change(request.model, request.requestID, request.encoded()) {
            transaction in
            let version = try await transaction.record(request.version).version
            guard version.uploader != person else {
                throw RPCError(
                    .permissionDenied,
                    "\(person) uploaded version \(version.number) of \(request.model): somebody "
                        + "else has to say whether it is good", reason: "own_version")
            }
            let approval = AssayModelsV1.Approval(
                model: request.model, version: request.version, person: person,
                role: request.role, decision: request.decision, reason: request.reason,
                time: transaction.time)
            let state = try VersionLife.judge(
                try await transaction.state(of: version), by: approval)
            try transaction.put(
                RegistryKey(.status, request.model, request.version), state,
                AssayModelsV1.Event(
                    model: request.model, sequence: 0, time: transaction.time,
                    kind: .versionJudged, actor: person, version: request.version,
                    reason: request.reason, artifact: version.artifact, ticket: request.ticket,
                    statedActor: request.actor, status: state.status,
                    decision: request.decision))
            committed = state
            return approval
        } published: { transaction, _ in
            if let committed { publish(committed, transaction) }
        }
    }
}
