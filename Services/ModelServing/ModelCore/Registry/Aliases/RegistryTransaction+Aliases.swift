internal import AssayMessages
internal import RPC

extension RegistryTransaction {
    /// Why an alias may not move: the experiment that divides it.
    func frozen(_ alias: String) async throws -> RPCError? {
        do {
            try await checkFrozen(alias)
            return nil
        } catch let error as RPCError where error.reason == "alias_frozen" {
            return error
        }
    }

    /// Experiments on an alias in which a version was an arm.
    func experimentEvidence(
        on alias: String, for version: UInt32
    ) async throws -> [AliasMove.Evidence] {
        try await experiments().map(\.experiment.specification)
            .filter { own in own.alias == alias && own.arms.contains { $0.version == version } }
            .map { AliasMove.Evidence(source: "experiment \"\($0.experiment)\"") }
    }
}
