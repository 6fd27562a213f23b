public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Storage

extension FeatureService {
    public func buildTrainingSet(
        _ request: AssayFeaturesV1.BuildTrainingSetRequest,
        replies: ReplyWriter<AssayFeaturesV1.TrainingChunk>, context: ServerContext
    ) async throws {
        let tenant = try tenant(context)
        let log = try log(of: tenant)
        let pipeline = log.pipeline
        let vector = try pipeline.vectors.find(request.plan.vector)
        try access.check(vector.purpose, context)
        try CallSlots.trainingSets.take()
        defer { CallSlots.trainingSets.giveBack() }
        var builder = try TrainingSetBuilder(
            request, log: log, definitions: pipeline.definitions, vectors: pipeline.vectors,
            tenant: tenant)
        try audit("training_set", "\(vector.name)@\(vector.version)", in: log, tenant, context)
        while let chunk = try builder.next() { try await replies.write(chunk) }
    }

    public func explain(
        _ request: AssayFeaturesV1.ExplainRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.ExplainResponse {
        let tenant = try tenant(context)
        let log = try log(of: tenant)
        try CallSlots.explanations.take()
        defer { CallSlots.explanations.giveBack() }
        let purposes = try purposes(
            of: request.feature, request.purpose, log.pipeline.definitions, context)
        let response = try Explanation.explain(
            request, for: purposes, log: log, tenant: tenant,
            now: log.pipeline.clock().millisecondsSinceEpoch)
        try audit("explain", request.feature, in: log, tenant, context)
        return response
    }

    /// The purpose that the call states, or else those of the feature that the caller may ask for.
    ///
    /// Throws PERMISSION_DENIED if there is none.
    private func purposes(
        of feature: String, _ stated: AssayFeaturesV1.Purpose, _ definitions: DefinitionSet,
        _ context: ServerContext
    ) throws(RPCError) -> [FeatureEngine.Purpose] {
        let position = try definitions.features.position(of: feature)
        let own = definitions.documentation(of: .feature(position))
        if let stated = stated.named {
            try access.check(stated, context)
            guard own?.allows(stated) ?? false else {
                throw RPCError(
                    .permissionDenied, "the feature is not for the purpose \(stated.rawValue)",
                    reason: "PURPOSE")
            }
            return [stated]
        }
        let purposes = FeatureEngine.Purpose.allCases.filter { own?.allows($0) ?? false }
        let allowed = purposes.filter { (try? access.check($0, context)) != nil }
        guard !allowed.isEmpty else {
            throw RPCError(
                .permissionDenied, "no purpose of the feature is granted", reason: "PURPOSE")
        }
        return allowed
    }

    /// Written before anything is given away. It names what was asked for, and nobody it was about.
    func audit(
        _ action: String, _ object: String, in log: EventLog, _ tenant: String,
        _ context: ServerContext
    ) throws {
        let entry = AssayFeaturesV1.AuditEntry(
            time: log.pipeline.clock(), client: context.caller.client, action: action,
            object: object)
        var batch = WriteBatch()
        AuditLog(store: log.store).add(entry, tenant: tenant, to: &batch)
        try log.store.write(batch, sync: true)
    }

    /// Who shares a store has the log with the one process that drains it.
    func log(of tenant: String) throws -> EventLog {
        if let log = try store.eventLog(of: tenant) { return log }
        throw RPCError.askTheKeeper("the event log")
    }
}
