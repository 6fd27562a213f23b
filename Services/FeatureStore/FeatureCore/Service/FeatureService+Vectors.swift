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
        let purposes = try purposes(request.purpose, [read.definition], context)
        let (vector, readings) = try await read.vector(request.keys, path: "/keys", tenant, store)
        try read.pipeline.vectors.checkAvailable([vector])
        var served = [vector]
        serve(
            &served, of: [read.definition], for: purposes, read.pipeline, tenant: tenant,
            now: read.now)
        return AssayFeaturesV1.GetVectorResponse(
            vector: served[0], entities: readings.map(read.pipeline.entityRead),
            definitionSet: read.pipeline.definitions.hash)
    }

    public func getVectors(
        _ request: AssayFeaturesV1.GetVectorsRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.GetVectorsResponse {
        let tenant = try tenant(context)
        let read = try read(of: request.vector, at: request.time)
        let purposes = try purposes(request.purpose, [read.definition], context)
        var vectors: [AssayFeaturesV1.Vector] = []
        vectors.reserveCapacity(request.rows.count)
        for (index, row) in request.rows.enumerated() {
            let path = "/rows/\(index)/keys"
            vectors.append(try await read.vector(row.keys, path: path, tenant, store).vector)
        }
        try read.pipeline.vectors.checkAvailable(vectors)
        serve(
            &vectors, of: [read.definition], for: purposes, read.pipeline, tenant: tenant,
            now: read.now)
        return AssayFeaturesV1.GetVectorsResponse(
            vectors: vectors, definitionSet: read.pipeline.definitions.hash)
    }

    private func read(
        of vector: AssayFeaturesV1.VectorRef, at time: Timestamp
    ) throws(RPCError) -> VectorRead {
        let pipeline = store.pipeline
        let definition = try pipeline.vectors.find(vector)
        let milliseconds = time.millisecondsSinceEpoch
        guard (0...EngineEvent.latestTime).contains(milliseconds) else {
            throw .invalid([
                FieldViolation(field: "/time", description: "is not between 1970 and 9999")
            ])
        }
        return VectorRead(
            pipeline: pipeline, definition: definition, time: milliseconds,
            received: pipeline.clock())
    }
}

/// Reads one vector without an event, for one row of keys or many.
private struct VectorRead {
    let pipeline: EventPipeline
    let definition: VectorDefinition
    let time: Int64
    let received: Timestamp

    var now: Int64 { received.millisecondsSinceEpoch }

    func vector(
        _ keys: WireMap<String, String>, path: String, _ tenant: String, _ store: any FeatureStore
    ) async throws -> (vector: AssayFeaturesV1.Vector, readings: [EntityReading]) {
        let entities = try entities(keys, path, tenant)
        let readings = await store.readings(
            of: entities, under: pipeline, at: time, now: received)
        let vector = pipeline.vectors.vector(
            definition, event: nil, readings: readings, time: time)
        return (vector, readings)
    }

    /// An entity's key stands under the entity's name, the parts of a composite one under
    /// `<entity>.<part>`.
    private func entities(
        _ keys: WireMap<String, String>, _ path: String, _ tenant: String
    ) throws(RPCError) -> [EntityReference] {
        let definitions = pipeline.definitions
        var parts: [Int: [String: String]] = [:]
        for entry in keys {
            let names = entry.key.split(separator: ".", maxSplits: 1).map(String.init)
            guard let name = names.first, let entity = definitions.entity(named: name),
                let part = names.count == 2 ? names[1] : definitions.entities[entity].onlyPart,
                definitions.entities[entity].key.contains(part)
            else { throw unknown(entry.key, path) }
            if !entry.value.isEmpty { parts[entity, default: [:]][part] = entry.value }
        }
        return parts.sorted { $0.key < $1.key }.compactMap { entity, given in
            let definition = definitions.entities[entity]
            let key = definition.key.compactMap { given[$0] }
            guard key.count == definition.key.count else { return nil }
            return EntityReference(
                tenant: tenant, entity: entity, role: "",
                key: pipeline.keys.key(of: tenant).pid(entity: definition.name, parts: key),
                touches: 0)
        }
    }

    private func unknown(_ key: String, _ path: String) -> RPCError {
        let names = pipeline.definitions.entities.flatMap { entity in
            entity.onlyPart != nil ? [entity.name] : entity.key.map { "\(entity.name).\($0)" }
        }
        return .invalid([
            FieldViolation(
                field: "\(path)/\(key)",
                description: "there is no entity \"\(key)\"\(NearestName.hint(key, among: names))")
        ])
    }
}

extension EntityDefinition {
    /// The part of a key that has one part.
    fileprivate var onlyPart: String? { key.count == 1 ? key[0] : nil }
}
