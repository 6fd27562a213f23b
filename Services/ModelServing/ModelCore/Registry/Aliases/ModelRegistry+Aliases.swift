public import AssayMessages
internal import Inference
internal import RPC
internal import Wire

extension ModelRegistry {
    /// Points an alias at a version, if it still is where the caller thinks, and every gate passes that
    /// the alias asks for.
    ///
    /// - Throws: ABORTED with where the alias is; FAILED_PRECONDITION with every gate that failed.
    public func setAlias(
        _ request: AssayModelsV1.SetAliasRequest, by caller: String = ""
    ) async throws -> AssayModelsV1.Alias {
        try ModelName.check(request.model, "model")
        try ModelName.check(request.alias, "alias")
        guard !request.reason.isEmpty else { throw RPCError.invalid("reason", "why is it moved?") }
        _ = try snapshot.model(request.model)
        var moved: ServingVersion?
        return try await change(request.model, request.requestID, request.encoded()) {
            transaction in
            let present = try await transaction.alias(request.alias)
            try present.check(
                request.alias, version: request.expectedVersion,
                generation: request.expectedGeneration)
            let move = try await self.move(
                AliasOrder(
                    alias: request.alias, version: request.version, reason: request.reason,
                    mover: caller.isEmpty ? request.actor : caller, statedMover: request.actor,
                    ticket: request.ticket), from: present, &transaction)
            let alias = try await put(move.order, move.results, from: present, &transaction)
            moved = move.version
            return alias
        } published: { transaction, alias in
            publish(alias, moved, transaction)
        }
    }

    /// Ends an alias: calls that name it are refused from then on.
    public func deleteAlias(
        _ request: AssayModelsV1.DeleteAliasRequest, by caller: String = ""
    ) async throws -> AssayModelsV1.Event {
        guard !request.reason.isEmpty else { throw RPCError.invalid("reason", "why?") }
        _ = try snapshot.model(request.model)
        return try await change(request.model, request.requestID, request.encoded()) {
            transaction in
            guard let present = try await transaction.alias(request.alias) else {
                throw RPCError(
                    .notFound, "model \"\(request.model)\" has no alias \"\(request.alias)\"",
                    reason: "alias_unknown")
            }
            try Optional(present).check(
                request.alias, version: request.expectedVersion,
                generation: request.expectedGeneration)
            try await transaction.checkFrozen(request.alias)
            let key = RegistryKey(.alias, request.model, request.alias)
            transaction.delete(key)
            return try transaction.append(
                AssayModelsV1.Event(
                    model: request.model, sequence: 0, time: transaction.time,
                    kind: .aliasDeleted, actor: caller.isEmpty ? request.actor : caller,
                    alias: request.alias, previousVersion: present.version,
                    generation: present.generation, reason: request.reason,
                    ticket: request.ticket, row: key.rowName, statedActor: request.actor))
        } published: { transaction, event in
            publish(transaction) { $0.aliases[event.alias] = nil }
        }
    }

    // MARK: Moving

    /// Asks the gates.
    ///
    /// - Returns: the version, loaded just now, and what each gate said.
    func move(
        _ order: AliasOrder, from present: AssayModelsV1.Alias?,
        _ transaction: inout RegistryTransaction
    ) async throws -> (
        order: AliasOrder, version: ServingVersion, results: [AssayModelsV1.GateResult]
    ) {
        let record = try await transaction.record(order.version)
        let move = AliasMove(
            model: transaction.chain, alias: order.alias,
            policy: try await transaction.policy(order.alias, standard: standardPolicy),
            record: record, state: try await transaction.state(of: record.version),
            loaded: try await reload(record),
            present: try await presentRecord(present, transaction),
            frozen: try await transaction.frozen(order.alias),
            evidence: try await evidence(order, against: present, transaction),
            mover: order.mover, reason: order.reason, time: transaction.time,
            isRollback: order.isRollback)
        let results = GateKeeper(move: move).results
        if let refusal = GateKeeper.refusal(results, move) { throw refusal }
        return (order, try move.loaded.get(), results)
    }

    /// What shadows and experiments say of a version beside the one that it is to replace. A log that
    /// cannot be read says nothing: whoever moves the alias says why it may move.
    private func evidence(
        _ order: AliasOrder, against present: AssayModelsV1.Alias?,
        _ transaction: RegistryTransaction
    ) async throws -> [AliasMove.Evidence] {
        guard let present, !order.isRollback else { return [] }
        var found = try await transaction.experimentEvidence(on: order.alias, for: order.version)
        let shadow = try? await shadowEvidence(
            for: order.version, of: transaction.chain, against: present.version)
        if let shadow, shadow.rows >= GateKeeper.leastShadowedCalls {
            found.append(
                .init(
                    source: "shadow \"\(shadow.shadow)\", \(shadow.rows) calls",
                    populationStability: shadow.stabilityIndex))
        }
        return found
    }

    private func presentRecord(
        _ present: AssayModelsV1.Alias?, _ transaction: RegistryTransaction
    ) async throws -> AssayModelsV1.VersionRecord? {
        guard let present else { return nil }
        return try await transaction.record(present.version)
    }

    /// Hash and golden rows once more, before the pointer moves: of what is loaded already if it is,
    /// for the same bytes compile to the same version.
    private func reload(
        _ record: AssayModelsV1.VersionRecord
    ) async throws -> Result<ServingVersion, AliasMove.LoadFailure> {
        let version = record.version
        let loaded = snapshot.models[version.model]?.versions[version.number]
        // The files of an ensemble's members are as much what serves as its own.
        guard let loaded, version.format != ModelFormat.assayEnsemble.rawValue else {
            let members = try await loader.members(of: record)
            return try await work(.moves) { [artifacts] in
                Result { () throws(VersionLoader.LoadError) in
                    try VersionLoader.load(record, artifacts, members.load(artifacts))
                }
                .mapError { AliasMove.LoadFailure(reason: $0.reason) }
            }
        }
        return try await work(.moves) { [artifacts] in
            do throws(VersionLoader.LoadError) {
                try VersionLoader.prove(loaded, record, artifacts)
                return .success(loaded)
            } catch {
                return .failure(AliasMove.LoadFailure(reason: error.reason))
            }
        }
    }

    /// Writes the alias at its new place.
    func put(
        _ order: AliasOrder, _ results: [AssayModelsV1.GateResult],
        from present: AssayModelsV1.Alias?, _ transaction: inout RegistryTransaction
    ) async throws -> AssayModelsV1.Alias {
        var earlier = present?.generation ?? 0
        if present == nil { earlier = try await lastGeneration(order.alias, transaction) }
        var alias = AssayModelsV1.Alias(
            model: transaction.chain, alias: order.alias, version: order.version,
            generation: earlier + 1, movedAt: transaction.time, actor: order.mover,
            reason: order.reason)
        alias.before = AliasTrail.after(present, to: order.version, isRollback: order.isRollback)
        let record = try await transaction.record(order.version)
        try transaction.put(
            RegistryKey(.alias, transaction.chain, order.alias), alias,
            AssayModelsV1.Event(
                model: transaction.chain, sequence: 0, time: transaction.time,
                kind: order.isRollback ? .aliasRolledBack : .aliasMoved, actor: order.mover,
                alias: alias.alias, version: alias.version,
                previousVersion: present?.version ?? 0, generation: alias.generation,
                reason: alias.reason, artifact: record.version.artifact, ticket: order.ticket,
                statedActor: order.statedMover, gates: results))
        return alias
    }

    /// The newest generation of an alias that is not there: where it was ended, its next one goes on.
    private func lastGeneration(
        _ alias: String, _ transaction: RegistryTransaction
    ) async throws -> UInt64 {
        var generation: UInt64 = 0
        try await rows.eventsBackwards(
            transaction.chain, before: transaction.head.nextSequence
        ) { event in
            if event.kind == .aliasDeleted, event.alias == alias { generation = event.generation }
            return generation == 0
        }
        return generation
    }

    /// Shows readers where an alias is.
    func publish(
        _ alias: AssayModelsV1.Alias, _ loaded: ServingVersion?,
        _ transaction: RegistryTransaction
    ) {
        publish(transaction) { model in
            model.aliases[alias.alias] = alias
            // Only a version that could not be loaded before, or not all of it, is replaced.
            if model.versions[alias.version]?.isDegraded ?? true, let loaded {
                model.versions[alias.version] = loaded
                model.damage[alias.version] = nil
            }
        }
    }
}

extension AssayModelsV1.Alias? {
    /// Whether the alias still is where a caller thinks.
    fileprivate func check(
        _ name: String, version expected: UInt32, generation expectedGeneration: UInt64
    ) throws(RPCError) {
        let (version, generation) = (self?.version ?? 0, self?.generation ?? 0)
        guard expected == version, expectedGeneration == generation else {
            throw RPCError(
                .aborted,
                "alias \"\(name)\" is at version \(version), generation \(generation), not at "
                    + "version \(expected), generation \(expectedGeneration)",
                reason: "alias_moved")
        }
    }
}
