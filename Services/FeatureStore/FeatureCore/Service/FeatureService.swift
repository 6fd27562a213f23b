public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Synchronization
internal import Wire

/// The methods of `assay.features.v1.FeatureStore` over a store.
public struct FeatureService: AssayFeaturesV1.FeatureStore.Service {
    let store: any FeatureStore
    let access: FeatureAccess

    /// - Parameter access: who may ask for which purposes; by default everybody for all.
    package init(
        _ store: any FeatureStore, access: FeatureAccess = FeatureAccess(trustsEveryPeer: true)
    ) {
        self.store = store
        self.access = access
    }

    /// - Parameter access: who may ask for which purposes; by default everybody for all.
    public init(
        _ store: EmbeddedFeatureStore, access: FeatureAccess = FeatureAccess(trustsEveryPeer: true)
    ) {
        self.store = store
        self.access = access
    }

    /// - Parameter access: who may ask for which purposes; by default everybody for all.
    public init(
        _ store: SharedFeatureStore, access: FeatureAccess = FeatureAccess(trustsEveryPeer: true)
    ) {
        self.store = store
        self.access = access
    }

    /// - Parameter access: who may ask for which purposes; by default everybody for all.
    public init(
        _ store: KeeperFeatureStore, access: FeatureAccess = FeatureAccess(trustsEveryPeer: true)
    ) {
        self.store = store
        self.access = access
    }

    public func scoreEvent(
        _ request: AssayFeaturesV1.ScoreEventRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        let scoring = try await scoring(
            request.event, vectors: request.vectors, tenant: tenant(context))
        let purposes = try purposes(request.purpose, scoring.vectors, context)
        var response =
            request.dryRun
            ? await read(scoring, outcome: .notRecorded) : try await begin(scoring).response()
        try scoring.pipeline.vectors.checkAvailable(response.vectors)
        // What was served before, or for trial, is not served once more.
        let isServed = !request.dryRun && response.receipt.outcome != .duplicate
        serve(
            &response.vectors, of: scoring.vectors, for: purposes, scoring.pipeline,
            tenant: scoring.tenant, now: scoring.now, isCounted: isServed)
        return response
    }

    /// Every row belongs to a tenant: a call without one is refused.
    func tenant(_ context: ServerContext) throws(RPCError) -> String {
        let tenant = context.caller.tenant
        guard (1...64).contains(tenant.utf8.count) else {
            throw RPCError(
                .unauthenticated, "the call names no tenant", reason: "TENANT_MISSING")
        }
        return tenant
    }

    /// Finds what an event is about, also in the events that it refers to.
    ///
    /// - Parameter erasures: those that had ended when the event was read from the store.
    func scoring(
        _ event: AssayFeaturesV1.Event, vectors: [AssayFeaturesV1.VectorRef] = [], tenant: String,
        readAfter erasures: UInt64? = nil
    ) async throws -> Scoring {
        let pipeline = store.pipeline
        let before = erasures ?? store.erasures
        var references: [AssayFeaturesV1.LogRow] = []
        for reference in pipeline.resolver.references(of: event) {
            let row = try await store.recorded(reference.id, tenant: tenant)
            if let row, row.event.type == reference.type { references.append(row) }
        }
        var scoring = try pipeline.scoring(
            event, vectors: vectors, references: references, tenant: tenant)
        if erasures != nil || !references.isEmpty { scoring.erasures = before }
        return scoring
    }

    /// Records an event, or puts it aside. One that fails validation still gets its vectors.
    func begin(_ scoring: Scoring) async throws -> Recording {
        guard let policy = scoring.resolved.policy, policy > .flag else {
            scoring.pipeline.quality.recorded(scoring.resolved, received: scoring.now)
            return try await store.begin(scoring)
        }
        if store.findsReferencesLater, scoring.pipeline.resolver.lacksOnlyReferences(scoring) {
            var open = scoring
            open.isLeftOpen = true
            return try await store.begin(open)
        }
        do {
            // Recorded in time, it may be too late by now: what was said of it stands.
            if let known = try await store.known(scoring) { return .done(known) }
            guard policy == .quarantine else { return .done(await reject(scoring)) }
            guard try await store.setAside(scoring) else { return .done(await reject(scoring)) }
        } catch let error as RPCError where error.code != .unavailable {
            throw error
        } catch {
            return .done(scoring.pipeline.notRecorded(scoring, because: error))
        }
        store.statistics.quarantined.add(1, ordering: .relaxed)
        return .done(await read(scoring, outcome: .quarantined))
    }

    private func reject(_ scoring: Scoring) async -> AssayFeaturesV1.ScoreEventResponse {
        store.statistics.rejected.add(1, ordering: .relaxed)
        return await read(scoring, outcome: .rejected)
    }

    private func read(
        _ scoring: Scoring, outcome: AssayFeaturesV1.Outcome
    ) async -> AssayFeaturesV1.ScoreEventResponse {
        let readings =
            scoring.vectors.isEmpty
            ? []
            : await store.readings(
                of: scoring.entities, under: scoring.pipeline, at: scoring.resolved.time,
                now: scoring.received)
        return scoring.pipeline.response(scoring, readings, outcome: outcome)
    }
}
