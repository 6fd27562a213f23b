public import AssayMessages
internal import RPC

extension ModelRegistry {
    /// Brings a file of policies into force, or, as a dry run, says what that would mean.
    ///
    /// - Throws: INVALID_ARGUMENT with every problem and its line, if there is one and it is no dry
    ///   run.
    public func applyPolicy(
        _ request: AssayModelsV1.ApplyPolicyRequest, by caller: String
    ) async throws -> AssayModelsV1.PolicyPlan {
        let file: PolicyFile
        do throws(FileProblems) {
            file = try PolicyFile(yaml: request.file, name: "file")
        } catch {
            let plan = AssayModelsV1.PolicyPlan(problems: error.policyProblems)
            if request.dryRun { return plan }
            throw Self.refusal(plan)
        }
        let chain = RegistryTransaction.policyChain
        if request.dryRun {
            return try await Self.translated {
                var transaction = try await RegistryTransaction(store, chain, now: now())
                return Self.plan(file, over: try await transaction.policies(file.policy.model))
            }
        }
        return try await change(chain, request.requestID, request.encoded()) { transaction in
            var plan = Self.plan(
                file, over: try await transaction.policies(file.policy.model))
            if plan.unchanged { return plan }
            var policy = file.policy
            policy.changedAt = transaction.time
            policy.actor = caller
            policy.reason = request.reason
            plan.result = policy
            try transaction.put(
                RegistryKey(.policy, chain, policy.model), policy,
                AssayModelsV1.Event(
                    model: chain, sequence: 0, time: transaction.time, kind: .policyChanged,
                    actor: caller, reason: request.reason))
            return plan
        } published: { transaction, _ in
            publishShared(transaction)
        }
    }

    private static func plan(
        _ file: PolicyFile, over present: AssayModelsV1.ModelPolicy?
    ) -> AssayModelsV1.PolicyPlan {
        AssayModelsV1.PolicyPlan(
            model: file.policy.model, changes: file.changes(from: present),
            unchanged: present?.file == file.policy.file)
    }

    /// What an alias asks for, and where that is said.
    package func policy(
        _ request: AssayModelsV1.GetPolicyRequest
    ) async throws -> AssayModelsV1.EffectivePolicy {
        let alias = request.alias.isEmpty ? Predictor.defaultAlias : request.alias
        return try await Self.translated {
            var transaction = try await RegistryTransaction(store, request.model, now: now())
            var answer = AssayModelsV1.EffectivePolicy(
                policy: try await transaction.policy(alias, standard: standardPolicy),
                source: "built in")
            // The nearest file that speaks of the alias says what it asks for; each may hold.
            for model in [AliasPolicies.everyModel, request.model] {
                guard let policies = try await transaction.policies(model) else { continue }
                if policies.aliases.contains(where: { $0.alias == alias }) {
                    answer.source = "the file of \(model)"
                    answer.owner = policies.owner
                    answer.changedAt = policies.changedAt
                    answer.actor = policies.actor
                }
                answer.legalHold = answer.legalHold || policies.legalHold
                answer.heldVersions += policies.heldVersions
            }
            return answer
        }
    }

    private static func refusal(_ plan: AssayModelsV1.PolicyPlan) -> RPCError {
        let texts = plan.problems.map { "\($0.line):\($0.column): \($0.message)" }
        return RPCError(
            code: .invalidArgument,
            message: "\(texts.count) problem\(texts.count == 1 ? "" : "s"): "
                + texts.prefix(8).joined(separator: "; "),
            reason: "policy_refused",
            details: [
                .badRequest(
                    zip(plan.problems, texts).prefix(64).map {
                        FieldViolation(field: "file:\($0.line):\($0.column)", description: $1)
                    })
            ])
    }
}

extension FileProblems {
    fileprivate var policyProblems: [AssayModelsV1.PolicyProblem] {
        problems.prefix(1_024).map {
            .init(
                line: UInt32(clamping: $0.line), column: UInt32(clamping: $0.column),
                message: $0.message.cut(toBytes: 2_048))
        }
    }
}
