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
        var inputs = VectorInputReader(
            read.pipeline, tenant: tenant, time: read.time, eventType: request.eventType)
        let input = inputs.read(keys: request.keys, tx: request.tx)
        try inputs.check()
        let (vector, readings) = await read.vector(of: input, store)
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
        var reader = VectorInputReader(
            read.pipeline, tenant: tenant, time: read.time, eventType: request.eventType)
        let inputs = request.rows.enumerated().map { index, row in
            reader.read(keys: row.keys, tx: row.tx, at: "/rows/\(index)")
        }
        try reader.check()
        var vectors: [AssayFeaturesV1.Vector] = []
        vectors.reserveCapacity(inputs.count)
        for input in inputs { vectors.append(await read.vector(of: input, store).vector) }
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
        guard (0...EngineEvent.latestTime).contains(time.millisecondsSinceEpoch) else {
            throw .invalid([
                FieldViolation(field: "/time", description: "is not between 1970 and 9999")
            ])
        }
        return VectorRead(
            pipeline: pipeline, definition: definition, time: time, received: pipeline.clock())
    }
}

/// Reads one vector without an event, for one row of keys or many.
private struct VectorRead {
    let pipeline: EventPipeline
    let definition: VectorDefinition
    let time: Timestamp
    let received: Timestamp

    var now: Int64 { received.millisecondsSinceEpoch }

    func vector(
        of input: VectorInput, _ store: any FeatureStore
    ) async -> (vector: AssayFeaturesV1.Vector, readings: [EntityReading]) {
        let time = time.millisecondsSinceEpoch
        let readings = await store.readings(
            of: input.entities, under: pipeline, at: time, now: received)
        let vector = pipeline.vectors.vector(
            definition, event: input.event, readings: readings, time: time)
        return (vector, readings)
    }
}
