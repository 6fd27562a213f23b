internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// The moment of a read, and the entities as it finds them: the one before an event of the log, or
/// now.
struct ExplainedMoment {
    let log: EventLog
    /// The event at hand, and its id; nil for a read now.
    let event: ResolvedEvent?
    let eventID: String
    /// Its place in the log.
    let sequence: UInt64
    /// The time to read at, and when the call came: in milliseconds.
    let time: Int64
    let now: Int64
    /// Those that the event names; for a read now, or of an entity it does not name, the caller's.
    let entities: [EntityReference]
    private let maximumHistory: Int
    private var histories: [StateKey: EntityHistory] = [:]

    var definitions: DefinitionSet { log.pipeline.definitions }

    init(
        _ request: AssayFeaturesV1.ExplainRequest, in log: EventLog, tenant: String, now: Int64,
        maximumHistory: Int
    ) throws {
        self.log = log
        self.maximumHistory = maximumHistory
        sequence = request.sequence
        var inputs = VectorInputReader(
            log.pipeline, tenant: tenant, time: Timestamp(milliseconds: now), eventType: "")
        let named = inputs.read(keys: request.keys, tx: [:]).entities
        try inputs.check()
        guard request.sequence > 0 else {
            (event, eventID, time, self.now, entities) = (nil, "", now, now, named)
            return
        }
        guard let row = try log.row(request.sequence), row.tenant == tenant,
            let event = log.pipeline.resolved(row)
        else {
            throw RPCError(
                .notFound, "the log has no event \(request.sequence)", reason: "EVENT_NOT_FOUND")
        }
        self.event = event
        eventID = row.event.id
        time = event.time
        self.now = row.received.millisecondsSinceEpoch
        let own = event.entities(log.pipeline.definitions, tenant: tenant)
        // A key that is given goes before what the event names: the caller asks for this one.
        entities = named.filter { named in !own.contains { $0.key == named.key } } + own
    }

    /// The entity that a feature reads: the caller's, or the first that the event names in the role.
    func entity(_ position: Int, role: String?) -> EntityReference? {
        let own = entities.filter { $0.entity == position }
        if let event {
            let touches = definitions.events[event.type].touches
            for (index, touch) in touches.enumerated()
            where touch.entity == position && role.map({ $0 == touch.role }) ?? true {
                if let found = own.first(where: { $0.touches >> UInt64(index) & 1 == 1 }) {
                    return found
                }
            }
        }
        return role == nil ? own.first : nil
    }

    mutating func history(of entity: EntityReference) throws -> EntityHistory {
        if let known = histories[entity.key] { return known }
        let held = histories.values.reduce(0) { $0 + $1.events.count }
        let history = try EntityHistory(
            of: entity, in: log, before: sequence == 0 ? .max : sequence, at: now,
            limit: maximumHistory - held)
        histories[entity.key] = history
        return history
    }
}
