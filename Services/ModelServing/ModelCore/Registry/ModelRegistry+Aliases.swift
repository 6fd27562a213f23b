public import AssayMessages
internal import RPC
internal import Wire

extension ModelRegistry {
    /// Golden rows that the default alias asks of a version.
    static let goldenRowsOfDefaultAlias = 32

    /// Points an alias at a version, if it still is where the caller thinks.
    public func setAlias(
        _ request: AssayModelsV1.SetAliasRequest, by caller: String = ""
    ) async throws -> AssayModelsV1.Alias {
        try ModelName.check(request.model, "model")
        try ModelName.check(request.alias, "alias")
        guard !request.reason.isEmpty else { throw RPCError.invalid("reason", "why is it moved?") }
        var loaded: ServingVersion?
        return try await change(request.model, request.requestID, request.encoded()) {
            transaction in
            _ = try snapshot.model(request.model)
            let present = try await transaction.alias(request.alias)
            try Self.checkExpectation(request, present)
            try await transaction.checkFrozen(request.alias)
            let record = try await transaction.record(request.version)
            try Self.checkStatus(try await transaction.state(of: record.version))
            let serving = try await reload(record)
            try Self.checkGoldenRows(serving, request)
            loaded = serving
            let actor = caller.isEmpty ? request.actor : caller
            let alias = AssayModelsV1.Alias(
                model: request.model, alias: request.alias, version: request.version,
                generation: (present?.generation ?? 0) + 1, movedAt: transaction.time,
                actor: actor, reason: request.reason)
            try transaction.put(
                RegistryKey(.alias, request.model, request.alias), alias,
                AssayModelsV1.Event(
                    model: request.model, sequence: 0, time: transaction.time, kind: .aliasMoved,
                    actor: actor, alias: alias.alias, version: alias.version,
                    previousVersion: present?.version ?? 0, generation: alias.generation,
                    reason: alias.reason, artifact: serving.artifact,
                    statedActor: request.actor))
            return alias
        } published: { transaction, alias in
            publish(transaction) { model in
                model.aliases[alias.alias] = alias
                // Only a version that could not be loaded before is replaced.
                if model.versions[alias.version] == nil, let loaded {
                    model.versions[alias.version] = loaded
                    model.damage[alias.version] = nil
                }
            }
        }
    }

    private static func checkExpectation(
        _ request: AssayModelsV1.SetAliasRequest, _ present: AssayModelsV1.Alias?
    ) throws(RPCError) {
        let (version, generation) = (present?.version ?? 0, present?.generation ?? 0)
        guard request.expectedVersion == version, request.expectedGeneration == generation else {
            throw RPCError(
                .aborted,
                "alias \"\(request.alias)\" is at version \(version), generation \(generation), not "
                    + "at version \(request.expectedVersion), generation "
                    + "\(request.expectedGeneration)", reason: "alias_moved")
        }
    }

    private static func checkStatus(_ state: AssayModelsV1.VersionState) throws(RPCError) {
        guard !state.mayServe else { return }
        throw RPCError(
            .failedPrecondition,
            "\(state.model) version \(state.version) may not serve: \(state.refusal)",
            reason: "version_status")
    }

    /// Hash and golden rows once more, before the pointer moves: of what is loaded already if it is,
    /// for the same bytes compile to the same version.
    private func reload(
        _ record: AssayModelsV1.VersionRecord
    ) async throws -> ServingVersion {
        let version = record.version
        let loaded = snapshot.models[version.model]?.versions[version.number]
        return try await work(bytes: 0) { [artifacts] in
            do throws(VersionLoader.LoadError) {
                guard let loaded else { return try VersionLoader.load(record, artifacts) }
                try VersionLoader.prove(loaded, record, artifacts)
                return loaded
            } catch {
                throw RPCError(
                    .failedPrecondition,
                    "version \(record.version.number) cannot be loaded: \(error.reason)",
                    reason: "version_damaged")
            }
        }
    }

    private static func checkGoldenRows(
        _ serving: ServingVersion, _ request: AssayModelsV1.SetAliasRequest
    ) throws(RPCError) {
        guard request.alias == Predictor.defaultAlias,
            serving.goldenRowCount < goldenRowsOfDefaultAlias
        else { return }
        throw RPCError(
            .failedPrecondition,
            "version \(request.version) has \(serving.goldenRowCount) golden rows; the alias "
                + "\"\(request.alias)\" asks for \(goldenRowsOfDefaultAlias)",
            reason: "golden_rows")
    }
}
