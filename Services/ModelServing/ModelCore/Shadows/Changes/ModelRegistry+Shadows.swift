public import AssayMessages
internal import RPC
internal import Wire

extension ModelRegistry {
    /// Brings a shadow into force, or, as a dry run, says what that would mean.
    func applyShadow(
        _ file: ShadowFile, _ request: AssayModelsV1.ApplyExperimentRequest, by caller: String
    ) async throws -> AssayModelsV1.ExperimentPlan {
        let own = file.specification
        if request.dryRun {
            return try await Self.translated {
                let transaction = try await RegistryTransaction(store, own.model, now: now())
                return try await standing(file, transaction).planner.plan()
            }
        }
        var committed: (shadow: AssayModelsV1.Shadow, version: ServingVersion?)?
        return try await change(own.model, request.requestID, request.encoded()) { transaction in
            committed = nil
            let (planner, version) = try await standing(file, transaction)
            let plan = planner.plan()
            guard plan.problems.isEmpty else { throw Self.refusal(plan) }
            if plan.unchanged { return plan }
            let shadow = AssayModelsV1.Shadow(
                specification: own, state: .running, file: file.digest,
                changedAt: transaction.time, actor: caller, reason: request.reason)
            try Self.put(shadow, &transaction)
            transaction.put(
                RegistryKey(.experimentFile, own.model, file.digest), Array(request.file.utf8))
            committed = (shadow, version)
            return plan
        } published: { transaction, _ in
            guard let committed else { return }
            publish(transaction) { $0.show(committed.shadow, version: committed.version) }
        }
    }

    /// Ends a shadow. What it recorded stays until it expires.
    public func stopShadow(
        _ request: AssayModelsV1.StopShadowRequest, by caller: String
    ) async throws -> AssayModelsV1.Shadow {
        guard !request.reason.isEmpty else { throw RPCError.invalid("reason", "why?") }
        _ = try snapshot.shadow(request.shadow, of: request.model)
        return try await change(request.model, request.requestID, request.encoded()) {
            transaction in
            guard var shadow = try await transaction.shadow(request.shadow) else {
                throw RPCError(.dataLoss, "the row of the shadow is missing")
            }
            guard shadow.state == .running else {
                throw RPCError(
                    .failedPrecondition, "shadow \"\(request.shadow)\" is stopped already",
                    reason: "shadow_state")
            }
            shadow.state = .stopped
            shadow.changedAt = transaction.time
            shadow.actor = caller
            shadow.reason = request.reason
            try Self.put(shadow, &transaction)
            return shadow
        } published: { transaction, shadow in
            publish(transaction) { $0.show(shadow) }
        }
    }

    private static func put(
        _ shadow: AssayModelsV1.Shadow, _ transaction: inout RegistryTransaction
    ) throws {
        let own = shadow.specification
        try transaction.put(
            RegistryKey(.shadow, own.model, own.shadow), shadow,
            AssayModelsV1.Event(
                model: own.model, sequence: 0, time: transaction.time, kind: .shadowChanged,
                actor: shadow.actor, alias: own.alias, version: own.version,
                reason: shadow.reason,
                shadow: AssayModelsV1.ShadowChange(
                    shadow: own.shadow, revision: own.revision, version: own.version,
                    state: shadow.state)))
    }

    // MARK: What is in force

    private func standing(
        _ file: ShadowFile, _ transaction: RegistryTransaction
    ) async throws -> (planner: ShadowPlanner, version: ServingVersion?) {
        let own = file.specification
        var standing = ShadowPlanner.Standing(modelNames: Array(snapshot.models.keys))
        for shadow in try await transaction.shadows() {
            if shadow.specification.shadow == own.shadow {
                standing.present = shadow
            } else if shadow.state == .running {
                standing.neighbours.append(shadow.specification)
            }
        }
        var version: ServingVersion?
        if transaction.head.nextVersion > 1 {
            var facts = ExperimentPlanner.ModelFacts()
            facts.versionCount = transaction.head.nextVersion - 1
            for alias in try await transaction.messages(.alias, as: AssayModelsV1.Alias.self) {
                facts.aliases[alias.alias] = alias.version
            }
            for number in Set([own.version] + [facts.aliases[own.alias]].compactMap { $0 }) {
                let found = try await loaded(number, transaction)
                facts.versions[number] = found.facts
                guard number == own.version else { continue }
                version = found.version
                standing.unfit = found.version.flatMap(ShadowScorer.refusal)
            }
            standing.model = facts
        }
        return (ShadowPlanner(file: file, standing: standing), version)
    }

    /// A version as this process serves it, or loaded for that; both nil if there is none.
    private func loaded(
        _ number: UInt32, _ transaction: RegistryTransaction
    ) async throws -> (facts: ExperimentPlanner.ModelFacts.Version?, version: ServingVersion?) {
        let record = try await transaction.message(
            .version, BigEndian.bytes(number), as: AssayModelsV1.VersionRecord.self)
        guard let record else { return (nil, nil) }
        let state = try await transaction.state(of: record.version)
        guard state.mayServe else { return (.init(refusal: state.refusal), nil) }
        if let known = snapshot.models[transaction.chain]?.versions[number] {
            return (.init(vector: known.vectorFingerprint, vectorName: known.vectorName), known)
        }
        switch try await load(record) {
        case .success(let version):
            return (
                .init(vector: version.vectorFingerprint, vectorName: version.vectorName), version
            )
        case .failure(let error): return (.init(refusal: error.reason), nil)
        }
    }
}
