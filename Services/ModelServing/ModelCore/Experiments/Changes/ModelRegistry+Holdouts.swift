internal import AssayMessages
internal import RPC

extension ModelRegistry {
    /// Brings a holdout into force, or, as a dry run, says what that would mean.
    func applyHoldout(
        _ file: HoldoutFile, _ request: AssayModelsV1.ApplyExperimentRequest, by caller: String
    ) async throws -> AssayModelsV1.ExperimentPlan {
        let name = file.specification.holdout
        let chain = RegistryTransaction.sharedChain
        if request.dryRun {
            return try await Self.translated {
                let transaction = try await RegistryTransaction(store, chain, now: now())
                return Self.plan(
                    file, over: try await transaction.message(.holdout, Array(name.utf8)))
            }
        }
        var committed: AssayModelsV1.HoldoutRecord?
        return try await change(chain, request.requestID, request.encoded()) { transaction in
            committed = nil
            let plan = Self.plan(
                file, over: try await transaction.message(.holdout, Array(name.utf8)))
            guard plan.problems.isEmpty else { throw Self.refusal(plan) }
            if plan.unchanged { return plan }
            let record = AssayModelsV1.HoldoutRecord(
                specification: file.specification, file: file.digest, changedAt: transaction.time,
                actor: caller, reason: request.reason)
            try transaction.put(
                RegistryKey(.holdout, chain, name), record,
                AssayModelsV1.Event(
                    model: chain, sequence: 0, time: transaction.time, kind: .holdoutChanged,
                    actor: caller, reason: request.reason))
            transaction.put(
                RegistryKey(.experimentFile, chain, file.digest), Array(request.file.utf8))
            committed = record
            return plan
        } published: { transaction, _ in
            if let committed { publish(transaction, committed) }
        }
    }

    private static func plan(
        _ file: HoldoutFile, over present: AssayModelsV1.HoldoutRecord?
    ) -> AssayModelsV1.ExperimentPlan {
        var plan = AssayModelsV1.ExperimentPlan(experiment: file.specification.holdout)
        plan.unchanged = present?.file == file.digest
        if plan.unchanged { return plan }
        let (changes, problems, notes) = file.plan(over: present)
        plan.changes = changes
        plan.notes = notes
        plan.problems = FileProblems(problems).messages
        return plan
    }
}
