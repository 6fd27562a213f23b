package import AssayMessages
internal import FeatureEngine
internal import RPC
public import Storage
public import Wire

extension EmbeddedFeatureStore {
    /// Opens the store with the definitions that it has in force; the first time with those of
    /// `folder`. Later those of the folder come into force only where the states there are will do
    /// (``notice`` says so): others are applied to the running store.
    ///
    /// - Parameters:
    ///   - replaces: the folder is taken whatever is in force; states are made anew before this
    ///     returns.
    ///   - retention: what `store` was opened with, so that it drops old rows.
    ///   - clock: ingest time; it decides which events are too early or too late.
    public static func open(
        _ store: any KeyValueStore, folder: DefinitionSources, replaces: Bool = false,
        retention: StoreRetention = StoreRetention(),
        configuration: FeatureStoreConfiguration = FeatureStoreConfiguration(),
        clock: @escaping @Sendable () -> Timestamp
    ) async throws -> EmbeddedFeatureStore {
        try StoreFormat.check(store)
        let archive = DefinitionArchive(store: store)
        let start = try DefinitionStart(folder, archive, replaces: replaces, now: clock())
        let opened = try EmbeddedFeatureStore(
            store: store, definitions: start.active, row: start.row, retention: retention,
            configuration: configuration, clock: clock)
        try opened.register.store(start.row, start.sources, of: start.active.hash)
        try await opened.recover()
        if let notice = start.notice { configuration.log(notice) }
        try opened.resumeBackfill()
        return opened
    }

    package var definitionStatus: DefinitionStatus {
        register.state.withLock { DefinitionStatus(active, $0) }
    }

    package func apply(_ order: DefinitionOrder) async throws -> DefinitionStatus {
        let set = try order.compiled()
        return try register.state.withLock { state in
            let active = active
            if state.row.planHash == order.planHash, active.definitions.hash == set.hash {
                return DefinitionStatus(active, state)
            }
            guard !state.isSwitching else { throw DefinitionOrder.isBusy }
            if let backfill = state.row.backfill, backfill.isUnderWay {
                guard backfill.planHash == order.planHash, backfill.definitionSet == set.hash
                else { throw DefinitionOrder.isBusy }
                return DefinitionStatus(active, state)
            }
            let plan = DefinitionPlan(
                from: active.definitions, to: set, pinned: Set(order.pinned))
            try order.check(plan)
            if plan.needsGeneration {
                try startBackfill(to: set, order, active, &state)
            } else {
                var row = state.row
                row.active = set.hash
                row.planHash = plan.hash
                row.applied = active.pipeline.clock()
                try register.store(row, order.sources, of: set.hash)
                state.row = row
                definitionsInForce.replace(with: active.following(set))
            }
            configuration.log(
                (["applied by \(order.client)"] + plan.lines()).joined(separator: "\n"))
            return DefinitionStatus(self.active, state)
        }
    }
}

/// Other definitions for a store, and the plan that whoever sends them has read.
package struct DefinitionOrder: Sendable {
    let sources: DefinitionSources
    let planHash: [UInt8]
    let pinned: [String]
    let client: String

    static let isBusy = RPCError(
        .failedPrecondition, "states are made for other definitions: wait until they are in force",
        reason: "BACKFILL_UNDER_WAY")

    static let isDropping = RPCError(
        code: .failedPrecondition,
        message:
            "the states that were made for these definitions before are being deleted: try again",
        reason: "BACKFILL_UNDER_WAY", retryAfter: .seconds(10))

    /// Of lists, parameters and rates that have other values.
    static func mixesReference(_ names: [String]) -> RPCError {
        RPCError(
            .failedPrecondition,
            "states are made anew from events that were counted by other values of"
                + " \(names.joined(separator: ", ")): apply those by themselves, and let the events"
                + " before pass", reason: "REFERENCE_CHANGED")
    }

    func compiled() throws(RPCError) -> DefinitionSet {
        do {
            return try sources.compile()
        } catch {
            throw .invalid(
                error.problems.prefix(64).map {
                    FieldViolation(
                        field: "/files", description: "\($0)".limited(to: 512))
                })
        }
    }

    /// Throws unless it is the plan that was read, and can be carried out.
    func check(_ plan: DefinitionPlan) throws(RPCError) {
        guard plan.hash == planHash else {
            throw RPCError(
                .failedPrecondition,
                "the plan is \(plan.hash.hexadecimal) by now, not \(planHash.hexadecimal): the"
                    + " definitions in force (\(plan.before.hexadecimal)) or the files have changed"
                    + " since; read the plan again", reason: "PLAN_CHANGED")
        }
        guard plan.isRefused else { return }
        throw .invalid(
            plan.refusals.prefix(64).map {
                FieldViolation(
                    field: "/files",
                    description: "\($0.subject) \($0.text): \($0.refusal ?? "")".limited(to: 512))
            })
    }
}

/// Which definitions are in force, and what is under way.
package struct DefinitionStatus: Sendable {
    package let active: [UInt8]
    package let generation: [UInt8]
    /// Under way, or the last.
    package let backfill: AssayFeaturesV1.Backfill?

}

extension DefinitionStatus {
    init(_ set: ActiveDefinitions, _ state: DefinitionRegister.State) {
        self.init(
            active: set.definitions.hash, generation: set.generation,
            backfill: state.backfill?.progress ?? state.row.backfill)
    }
}

extension [UInt8] {
    /// Lower-case, two digits a byte.
    var hexadecimal: String {
        map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
