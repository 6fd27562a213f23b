internal import AssayMessages
internal import FeatureEngine
internal import Storage

/// One entity's present life folded again from the log, event by event.
struct EntityReplay {
    let entity: EntityReference
    private(set) var state: FeatureState
    private let empty: FeatureState
    private let life: StateLife
    private let log: EventLog
    /// The next last.
    private var sequences: [UInt64]
    private var isFirst = true
    /// Whether events came under other definitions: their lists may have been others.
    private(set) var hasOtherDefinitions = false

    /// Throws a ``SkewSkip`` if there are more than `limit` events.
    ///
    /// - Parameter sequence: the place in the log up to and without which events count.
    init(
        of entity: EntityReference, in log: EventLog, before sequence: UInt64, limit: Int
    ) throws {
        let definitions = log.pipeline.definitions
        self.entity = entity
        self.log = log
        empty = FeatureState(
            group: definitions.entities[entity.entity].group,
            groupHash: definitions.groupHash(ofEntity: entity.entity, tenant: entity.tenant))
        state = empty
        life = definitions.lives[entity.entity]
        let trail = try log.trail(of: entity, before: sequence, limit: limit + 1)
        guard trail.count <= limit else { throw SkewSkip.tooMany }
        sequences = trail.reversed()
    }

    /// Events that are still to be applied.
    var count: Int { sequences.count }

    /// Their places in the log, ascending.
    var places: [UInt64] { sequences.reversed() }

    /// Applies the next event; false if there is none. Throws a ``SkewSkip`` if the log lacks what
    /// the state was made of.
    mutating func step() throws -> Bool {
        guard let sequence = sequences.popLast() else { return false }
        guard let row = try log.row(sequence) else { throw SkewSkip.beginningGone }
        let definitions = log.pipeline.definitions
        guard !row.isErased else { throw SkewSkip.erased }
        guard let event = log.pipeline.resolved(row) else { throw SkewSkip.otherDefinitions }
        if isFirst, row.version(of: entity.key) != sequence { throw SkewSkip.beginningGone }
        isFirst = false
        hasOtherDefinitions = hasOtherDefinitions || row.definitionSet != definitions.hash
        begin(at: row.received.millisecondsSinceEpoch)
        let named = event.entities(definitions, tenant: row.tenant)
        guard let found = named.first(where: { $0.key == entity.key }) else {
            throw SkewSkip.otherDefinitions
        }
        _ = state.apply(
            event.engineEvent, touches: found.touches, sequence: sequence, delivery: .again)
        return true
    }

    /// The state as an event finds it that comes at `now`.
    mutating func begin(at now: Int64) {
        if life.isOver(state, at: now) { state = empty }
    }
}

extension AssayFeaturesV1.LogRow {
    /// Whether what it said of a subject was erased.
    var isErased: Bool { entities.contains { $0.pid.isEmpty } }

    /// The version that it gave an entity.
    func version(of key: StateKey) -> UInt64? {
        entities.first { StateKey(bytes: $0.pid) == key }?.version
    }
}
