public import AssayMessages
internal import RPC

extension ModelRegistry {
    /// Suspends, reinstates, retires or erases a version. The bytes of what is erased go later, with a
    /// sweep.
    public func setStatus(
        _ request: AssayModelsV1.SetStatusRequest, by caller: String = ""
    ) async throws -> AssayModelsV1.Version {
        guard !request.reason.isEmpty else { throw RPCError.invalid("reason", "why?") }
        var committed: AssayModelsV1.VersionState?
        _ = try snapshot.model(request.model)
        return try await change(request.model, request.requestID, request.encoded()) {
            transaction in
            let record = try await transaction.record(request.version)
            let version = record.version
            let present = try await transaction.state(of: version)
            let state = try VersionLife.move(
                present, to: request.status, at: transaction.time,
                by: caller.isEmpty ? request.actor : caller, reason: request.reason)
            try VersionLife.check(state, mayFollow: present, of: version)
            let uses = try await transaction.uses(of: request.version)
            let ensembles = try await transaction.ensembles(using: request.version)
            try Self.checkUses(uses + ensembles, state)
            if state.mayServe { try await checkMembers(of: record, &transaction) }
            if state.status == .erased {
                try await transaction.checkLegalHold(request.version)
            }
            try transaction.put(
                RegistryKey(.status, request.model, request.version), state,
                AssayModelsV1.Event(
                    model: request.model, sequence: 0, time: transaction.time,
                    kind: .statusChanged, actor: state.actor, version: request.version,
                    reason: request.reason, artifact: version.artifact, ticket: request.ticket,
                    statedActor: request.actor, status: state.status))
            committed = state
            return state.shown(version)
        } published: { transaction, _ in
            if let committed { publish(committed, transaction) }
        }
    }

    /// Shows readers how a version stands.
    func publish(_ state: AssayModelsV1.VersionState, _ transaction: RegistryTransaction) {
        publish(transaction) { model in
            model.states[state.version] = state
            if state.hasEnded {
                model.versions[state.version] = nil
                model.damage[state.version] = nil
            }
        }
    }

    /// Refuses to reinstate an ensemble whose members were taken out of use meanwhile.
    private func checkMembers(
        of record: AssayModelsV1.VersionRecord, _ transaction: inout RegistryTransaction
    ) async throws {
        for member in await loader.file(of: record)?.members ?? [] where !member.isOptional {
            guard let refusal = try await transaction.refusal(of: member) else { continue }
            throw RPCError(
                .failedPrecondition,
                "\(record.version.model) version \(record.version.number) answers with "
                    + "\(member.model) version \(member.version): \(refusal)",
                reason: "member_status")
        }
    }

    private static func checkUses(
        _ uses: [VersionUse], _ state: AssayModelsV1.VersionState
    ) throws(RPCError) {
        let isInTheWay: (VersionUse) -> Bool
        switch state.status {
        case .suspended: isInTheWay = \.isAnswering
        case .retired, .erased: isInTheWay = { _ in true }
        default: return
        }
        let reasons = uses.filter(isInTheWay).map(\.text)
        if reasons.isEmpty { return }
        throw RPCError(
            .failedPrecondition,
            "\(state.model) version \(state.version) is in use: "
                + reasons.joined(separator: "; "), reason: "version_in_use")
    }
}
