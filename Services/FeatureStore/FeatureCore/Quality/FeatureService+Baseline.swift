public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Wire

/// Baselines of drift.
extension FeatureService {
    /// Pins what the values of a vector were like in a span of time, or in a training set, in place
    /// of what was pinned before. It takes the vector's purpose: what is pinned is told by `Stats`.
    public func pinBaseline(
        _ request: AssayFeaturesV1.PinBaselineRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.PinBaselineResponse {
        let tenant = try tenant(context)
        let pipeline = store.pipeline
        let (vector, definition) = try statisticsVector(request.vector, pipeline)
        try access.check(definition.purpose, context)
        let statistics = try statistics(of: tenant)
        let found: VectorStatistics
        let source: String
        switch request.source {
        case .period(let period):
            let hours = try hours(period.from, period.until, "/source/period/until")
            try statistics.add(
                pipeline.quality.recorder.take(of: tenant), vectors: pipeline.quality.vectors)
            found = try statistics.sum(tenant: tenant, vector: vector, hours: hours).statistics
            source = "what was served from \(period.from) until \(period.until)"
        case .trainingSet(var plan):
            guard plan.vector.name == definition.name, plan.vector.version == definition.version
            else {
                throw RPCError.invalid([
                    FieldViolation(
                        field: "/source/training_set/vector",
                        description: "is not \(definition.name)@\(definition.version)")
                ])
            }
            plan.format = .csv
            found = try await trainingStatistics(plan, vector, definition, pipeline, tenant)
            source = "the training set up to event \(plan.through)"
        default:
            throw RPCError.invalid([
                FieldViolation(field: "/source", description: "name a period or a training set")
            ])
        }
        guard found.vectors >= Drift.minimumCount else {
            throw RPCError(
                .failedPrecondition,
                "there are \(found.vectors) vectors; a baseline needs \(Drift.minimumCount)",
                reason: "TOO_FEW_VECTORS")
        }
        let baseline = AssayFeaturesV1.Baseline(
            pinnedAt: pipeline.clock(), source: source, reason: request.reason,
            vectors: found.vectors, fingerprint: definition.fingerprint)
        let entry = AssayFeaturesV1.AuditEntry(
            time: baseline.pinnedAt, client: context.caller.client, action: "pin_baseline",
            object: "\(definition.name)@\(definition.version)", reason: request.reason)
        try statistics.pin(
            PinnedBaseline(description: baseline, statistics: found), of: vector, tenant: tenant,
            entry)
        return AssayFeaturesV1.PinBaselineResponse(baseline: baseline)
    }

    private func trainingStatistics(
        _ plan: AssayFeaturesV1.TrainingPlan, _ vector: StatisticsStore.Vector,
        _ definition: VectorDefinition, _ pipeline: EventPipeline, _ tenant: String
    ) async throws -> VectorStatistics {
        try CallSlots.trainingSets.take()
        defer { CallSlots.trainingSets.giveBack() }
        var builder = try TrainingSetBuilder(
            AssayFeaturesV1.BuildTrainingSetRequest(plan: plan), log: try log(of: tenant),
            definitions: pipeline.definitions, vectors: pipeline.vectors, tenant: tenant)
        var statistics = VectorStatistics(features: vector.features.count)
        let isCategory = pipeline.quality.isCategory(of: vector)
        builder.observe = { statistics.add($0.values, $0.status, isCategory: isCategory) }
        // Each part of it is long in the making: others are served in between.
        while try builder.next() != nil { await Task.yield() }
        return statistics
    }
}
