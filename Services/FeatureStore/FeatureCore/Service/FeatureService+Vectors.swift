public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Wire

extension FeatureService {
    public func getVector(
        _ request: AssayFeaturesV1.GetVectorRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.GetVectorResponse {
        let tenant = try tenant(context)
        let read = try read(of: request.vector, at: request.time)
        let (vector, readings) = try await read.vector(request.keys, path: "/keys", tenant, store)
        try store.pipeline.vectors.checkAvailable([vector])
        return AssayFeaturesV1.GetVectorResponse(
            vector: vector, entities: readings.map(store.pipeline.entityRead),
            definitionSet: store.pipeline.definitions.hash)
    }

    public func getVectors(
        _ request: AssayFeaturesV1.GetVectorsRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.GetVectorsResponse {
        let tenant = try tenant(context)
        let read = try read(of: request.vector, at: request.time)
        var vectors: [AssayFeaturesV1.Vector] = []
        vectors.reserveCapacity(request.rows.count)
        for (index, row) in request.rows.enumerated() {
            let path = "/rows/\(index)/keys"
            vectors.append(try await read.vector(row.keys, path: path, tenant, store).vector)
        }
        try store.pipeline.vectors.checkAvailable(vectors)
        return AssayFeaturesV1.GetVectorsResponse(
            vectors: vectors, definitionSet: store.pipeline.definitions.hash)
    }

    private func read(
        of vector: AssayFeaturesV1.VectorRef, at time: Timestamp
    ) throws(RPCError) -> VectorRead {
        let definition = try store.pipeline.vectors.find(vector)
        let milliseconds = time.millisecondsSinceEpoch
        guard (0...EngineEvent.latestTime).contains(milliseconds) else {
            throw .invalid([
                FieldViolation(field: "/time", description: "is not between 1970 and 9999")
            ])
        }
        return VectorRead(
            pipeline: store.pipeline, definition: definition, time: milliseconds,
            received: store.pipeline.clock())
    }
}

/// Reads one vector without an event, for one row of keys or many.
private struct VectorRead {
    let pipeline: EventPipeline
    let definition: VectorDefinition
    let time: Int64
    let received: Timestamp

    func vector(
        _ keys: WireMap<String, String>, path: String, _ tenant: String, _ store: any FeatureStore
    ) async throws -> (vector: AssayFeaturesV1.Vector, readings: [EntityReading]) {
        let entities = try entities(keys, path, tenant)
        let readings = await store.readings(of: entities, at: time, now: received)
        let vector = pipeline.vectors.vector(
            definition, event: nil, readings: readings, time: time)
        return (vector, readings)
    }

    private func entities(
        _ keys: WireMap<String, String>, _ path: String, _ tenant: String
    ) throws(RPCError) -> [EntityReference] {
        var entities: [EntityReference] = []
        for entry in keys {
            let definitions = pipeline.definitions
            guard let entity = definitions.entity(named: entry.key) else {
                let hint = NearestName.hint(entry.key, among: definitions.entities.map(\.name))
                throw .invalid([
                    FieldViolation(
                        field: "\(path)/\(entry.key)",
                        description: "there is no entity \"\(entry.key)\"\(hint)")
                ])
            }
            guard !entry.value.isEmpty else { continue }
            entities.append(
                EntityReference(
                    tenant: tenant, entity: entity, role: "", id: entry.value,
                    key: StateKey(tenant: tenant, entity: entry.key, key: entry.value), touches: 0))
        }
        return entities
    }
}
