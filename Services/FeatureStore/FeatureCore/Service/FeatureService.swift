public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Wire

/// The methods of `assay.features.v1.FeatureStore` over a store.
public struct FeatureService: AssayFeaturesV1.FeatureStore.Service {
    private let store: EmbeddedFeatureStore

    public init(_ store: EmbeddedFeatureStore) { self.store = store }

    public func scoreEvent(
        _ request: AssayFeaturesV1.ScoreEventRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        try await store.score(request, tenant: tenant(context))
    }

    public func getVector(
        _ request: AssayFeaturesV1.GetVectorRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.GetVectorResponse {
        try store.vector(request, tenant: tenant(context))
    }

    /// Every row belongs to a tenant: a call without one is refused.
    private func tenant(_ context: ServerContext) throws(RPCError) -> String {
        let tenant = context.caller.tenant
        guard (1...64).contains(tenant.utf8.count) else {
            throw RPCError(
                .unauthenticated, "the call names no tenant", reason: "TENANT_MISSING")
        }
        return tenant
    }
}

extension EmbeddedFeatureStore {
    /// Reads one vector at a time, without an event.
    func vector(
        _ request: AssayFeaturesV1.GetVectorRequest, tenant: String
    ) throws(RPCError) -> AssayFeaturesV1.GetVectorResponse {
        let definition = try vectors.find(request.vector)
        var entities: [EntityReference] = []
        for entry in request.keys {
            guard let entity = definitions.entity(named: entry.key) else {
                let hint = NearestName.hint(entry.key, among: definitions.entities.map(\.name))
                throw .invalid([
                    FieldViolation(
                        field: "/keys/\(entry.key)",
                        description: "there is no entity \"\(entry.key)\"\(hint)")
                ])
            }
            guard !entry.value.isEmpty else { continue }
            entities.append(
                EntityReference(
                    tenant: tenant, entity: entity, role: "", id: entry.value,
                    key: StateKey(tenant: tenant, entity: entry.key, key: entry.value), touches: 0))
        }
        let time = request.time.millisecondsSinceEpoch
        guard (0...EngineEvent.latestTime).contains(time) else {
            throw .invalid([FieldViolation(field: "/time", description: "is before 1970")])
        }
        let readings = readings(entities, at: time)
        return AssayFeaturesV1.GetVectorResponse(
            vector: vectors.vector(definition, event: nil, readings: readings, time: time),
            entities: readings.map {
                AssayFeaturesV1.EntityRead(
                    entity: definitions.entities[$0.reference.entity].name, version: $0.version)
            },
            definitionSet: definitions.hash)
    }
}
