internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// Says where the value of a feature comes from: the tiles that were read, the events in them.
struct Explanation {
    static let maximumEvents = 10_000
    static let maximumTiles = 4_096

    let log: EventLog
    let definitions: DefinitionSet
    let tenant: String

    func explain(
        _ request: AssayFeaturesV1.ExplainRequest, now: Int64
    ) throws -> AssayFeaturesV1.ExplainResponse {
        let (entity, feature) = try find(request.feature)
        let definition = definitions.entities[entity]
        guard let key = request.keys[definition.name], !key.isEmpty else {
            throw RPCError.invalid([
                FieldViolation(
                    field: "/keys", description: "name the \(definition.name) of the feature")
            ])
        }
        let reference = EntityReference(
            tenant: tenant, entity: entity, role: "",
            key: log.pipeline.keys.key(of: tenant).pid(entity: definition.name, key: key),
            touches: 0)
        let event = try eventAtHand(request.sequence)
        let history = try EntityHistory(
            of: reference, in: log,
            empty: FeatureState(
                group: definition.group,
                groupHash: definitions.groupHash(ofEntity: entity, tenant: tenant)),
            before: request.sequence == 0 ? .max : request.sequence)
        let time = event?.time ?? now
        let read = definition.features[feature].read
        let plan = ReadPlan([read], group: definition.group)
        let value = history.state.read(plan, at: time, event: event)[0]
        return response(
            history, value, to: read, entity: definition, event, at: history.state.readTime(time))
    }

    private func response(
        _ history: EntityHistory, _ value: FeatureValue, to read: FeatureRead,
        entity: EntityDefinition, _ event: EngineEvent?, at time: Int64
    ) -> AssayFeaturesV1.ExplainResponse {
        let tiles = entity.group.contributions(
            history.events, to: read, at: time, event: event)
        let counted = Set(tiles.flatMap(\.sequences))
        let ids = history.events.map(\.sequence).filter(counted.contains)
            .compactMap { history.ids[$0] }
        return AssayFeaturesV1.ExplainResponse(
            value: value.number, status: UInt32(value.status.byte),
            asOf: Timestamp(milliseconds: time), entity: entity.name,
            version: history.state.version,
            tiles: tiles.prefix(Self.maximumTiles).map {
                AssayFeaturesV1.ExplainedTile(
                    start: Timestamp(milliseconds: max(0, $0.start)),
                    lengthMs: UInt64($0.length), events: UInt64($0.sequences.count))
            },
            eventIds: Array(ids.prefix(Self.maximumEvents)), events: UInt64(ids.count),
            definitionSet: definitions.hash)
    }

    /// The entity type and the feature, by position.
    private func find(_ name: String) throws(RPCError) -> (entity: Int, feature: Int) {
        for (entity, definition) in definitions.entities.enumerated() {
            if let feature = definition.features.firstIndex(where: { $0.name == name }) {
                return (entity, feature)
            }
        }
        let all = definitions.entities.flatMap { $0.features.map(\.name) }
        throw RPCError(
            .notFound, "no state holds a feature \"\(name)\"\(NearestName.hint(name, among: all))",
            reason: "FEATURE_NOT_FOUND")
    }

    private func eventAtHand(_ sequence: UInt64) throws -> EngineEvent? {
        guard sequence > 0 else { return nil }
        guard let row = try log.row(sequence), row.tenant == tenant,
            let event = log.pipeline.resolved(row)
        else {
            throw RPCError(
                .notFound, "the log has no event \(sequence)", reason: "EVENT_NOT_FOUND")
        }
        return event.engineEvent
    }
}
