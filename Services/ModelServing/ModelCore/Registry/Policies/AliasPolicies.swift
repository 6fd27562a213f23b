public import AssayMessages
internal import RPC

/// What an alias asks of versions where no file says it.
public enum AliasPolicies {
    /// Of the model that stands for all that have no file of their own.
    static let everyModel = "*"

    /// Everything that can be asked for without a shadow's budget of time: one approval, 32 golden
    /// rows, and all that the manifest must say.
    public static let governed = AssayModelsV1.AliasPolicy(
        gates: [.compatible, .card, .metrics, .fairness, .stability], approvals: 1, goldenRows: 32)

    /// Only what keeps callers from being answered wrongly.
    public static let open = AssayModelsV1.AliasPolicy(gates: [.compatible])

    /// The default alias is governed, others are not.
    public static func standard(_ alias: String) -> AssayModelsV1.AliasPolicy {
        var policy = alias == Predictor.defaultAlias ? governed : open
        policy.alias = alias
        return policy
    }
}

extension RowKind {
    /// What a model's aliases ask for, in the chain of policies. Its id is the model's name, or "*".
    static let policy: RowKind = "policy"
}

extension RegistryTransaction {
    /// The chain of what aliases ask for. No model is called so.
    static let policyChain = "@policies"

    /// What an alias of this chain's model asks for: if that changes meanwhile, the change is computed
    /// again.
    ///
    /// - Parameter standard: what it asks for if no file says it.
    mutating func policy(
        _ alias: String, standard: (String) -> AssayModelsV1.AliasPolicy
    ) async throws -> AssayModelsV1.AliasPolicy {
        for model in [chain, AliasPolicies.everyModel] {
            let found = try await policies(model)?.aliases.first { $0.alias == alias }
            if let found { return found }
        }
        return standard(alias)
    }

    /// The policies of a model by its file; nil if there is none.
    mutating func policies(_ model: String) async throws -> AssayModelsV1.ModelPolicy? {
        let key = RegistryKey(.policy, Self.policyChain, model)
        guard let bytes = try await guarded(key) else { return nil }
        return try RegistryRows.message(RegistryRow(key, bytes))
    }

    /// Refuses to erase a version that must be kept.
    mutating func checkLegalHold(_ version: UInt32) async throws {
        for model in [chain, AliasPolicies.everyModel] {
            guard let policy = try await policies(model),
                policy.legalHold || policy.heldVersions.contains(version)
            else { continue }
            throw RPCError(
                .failedPrecondition,
                "\(chain) version \(version) is under legal hold by the policy of "
                    + "\(model == chain ? model : "every model"): nothing of it may be erased",
                reason: "legal_hold")
        }
    }
}
