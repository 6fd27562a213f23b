package import AssayMessages
package import FeatureEngine
package import RPC
package import Wire

/// A ScoreEvent call as far as it is known before its entities are read.
package struct Scoring: Sendable {
    /// The definitions that it was held against.
    package let pipeline: EventPipeline
    package let event: AssayFeaturesV1.Event
    package let tenant: String
    let vectors: [VectorDefinition]
    package let resolved: ResolvedEvent
    package let entities: [EntityReference]
    /// Ingest time.
    package let received: Timestamp
    /// The events this one refers to, as they were recorded, and their amounts as they were
    /// converted then.
    package var references: [AssayFeaturesV1.Event] = []
    var conversions: [ResolvedEvent.Conversion] = []
    /// The caller waits for the log alone.
    package var isLoggedOnly = false
    /// What the event refers to is to be found later.
    package var isLeftOpen = false
    /// The erasures that had ended when the store was asked for what the event is made of besides
    /// what its caller said; nil if it was not asked.
    var erasures: UInt64?

    var now: Int64 { received.millisecondsSinceEpoch }
}

/// What happens to an event before and after a store keeps it, whatever the store: it is held
/// against the definitions, its entities are found, vectors are filled from what was read.
///
/// It is of one definition set and never changes: a call keeps the one that it began with.
package final class EventPipeline: Sendable {
    package let definitions: DefinitionSet
    package let resolver: EventResolver
    let vectors: VectorReader
    let keys: TenantKeys
    let access: AccessTable
    let quality: QualityMonitor
    /// Ingest time; it decides which events are too early or too late.
    let clock: @Sendable () -> Timestamp

    /// Of one call, over all its vectors.
    static let maximumFeatures = 1_024
    /// Of an event, in its encoded form.
    static let maximumEventBytes = 64 << 10

    /// - Parameter masterKey: nil where pseudonyms hide nothing.
    package init(
        _ definitions: DefinitionSet, masterKey: MasterKey?,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.definitions = definitions
        self.clock = clock
        keys = masterKey.map { TenantKeys($0) } ?? .withoutSecret
        access = AccessTable(definitions)
        quality = QualityMonitor(definitions)
        resolver = EventResolver(definitions, keys: keys)
        vectors = VectorReader(definitions: definitions, keys: keys)
    }

    /// Other definitions in the place of those of `pipeline`.
    init(_ definitions: DefinitionSet, following pipeline: EventPipeline) {
        self.definitions = definitions
        clock = pipeline.clock
        keys = pipeline.keys
        access = AccessTable(definitions)
        quality = QualityMonitor(definitions, following: pipeline.quality)
        resolver = EventResolver(definitions, keys: keys)
        vectors = VectorReader(definitions: definitions, keys: keys)
    }

    /// Finds everything an event is about. Throws NOT_FOUND and INVALID_ARGUMENT; what else is
    /// wrong with the event stands among its problems.
    package func scoring(
        _ event: AssayFeaturesV1.Event, vectors wanted: [AssayFeaturesV1.VectorRef] = [],
        references: [AssayFeaturesV1.LogRow] = [], tenant: String
    ) throws(RPCError) -> Scoring {
        var vectors: [VectorDefinition] = []
        for reference in wanted { vectors.append(try self.vectors.find(reference)) }
        let features = vectors.reduce(0) { $0 + $1.columns.count }
        guard features <= Self.maximumFeatures else {
            throw .invalid([
                FieldViolation(
                    field: "/vectors",
                    description: "have \(features) features; at most \(Self.maximumFeatures)")
            ])
        }
        try Self.checkSize(of: event)
        return try scoring(
            event, vectors, references.map(\.event), references.flatMap(conversions),
            received: clock(), tenant: tenant)
    }

    /// Only long texts make an event large, so that most need not be measured.
    private static func checkSize(of event: AssayFeaturesV1.Event) throws(RPCError) {
        var bound = 512
        for entry in event.fields {
            bound += entry.key.utf8.count + 128
            if case .text(let text) = entry.value { bound += text.utf8.count }
        }
        guard bound > maximumEventBytes else { return }
        let size = event.encoded().count
        guard size > maximumEventBytes else { return }
        throw .invalid([
            FieldViolation(
                field: "/event",
                description: "has \(size) bytes when encoded; at most \(maximumEventBytes)")
        ])
    }

    /// An event as the log gives it: it was checked under other definitions, when it came.
    func replayed(_ scoring: Scoring) -> ResolvedEvent? {
        try? resolver.resolve(
            scoring.event, tenant: scoring.tenant, references: scoring.references,
            conversions: scoring.resolved.conversions, received: nil)
    }

    /// The same event under these definitions, which came into force since it was resolved.
    func again(_ scoring: Scoring) throws(RPCError) -> Scoring {
        var vectors: [VectorDefinition] = []
        for vector in scoring.vectors {
            vectors.append(
                try self.vectors.find(
                    AssayFeaturesV1.VectorRef(name: vector.name, version: vector.version)))
        }
        var again = try self.scoring(
            scoring.event, vectors, scoring.references, scoring.conversions,
            received: scoring.received, tenant: scoring.tenant)
        again.isLoggedOnly = scoring.isLoggedOnly
        again.isLeftOpen = scoring.isLeftOpen
        again.erasures = scoring.erasures
        return again
    }

    private func scoring(
        _ event: AssayFeaturesV1.Event, _ vectors: [VectorDefinition],
        _ references: [AssayFeaturesV1.Event], _ conversions: [ResolvedEvent.Conversion],
        received: Timestamp, tenant: String
    ) throws(RPCError) -> Scoring {
        let resolved = try resolver.resolve(
            event, tenant: tenant, references: references, conversions: conversions,
            received: received.millisecondsSinceEpoch)
        return Scoring(
            pipeline: self, event: event, tenant: tenant, vectors: vectors, resolved: resolved,
            entities: resolved.entities(definitions, tenant: tenant), received: received,
            references: references, conversions: conversions)
    }

    /// The row of an event, with those that it refers to and their entities, found since it was
    /// written.
    func completed(
        _ row: AssayFeaturesV1.LogRow, with found: [AssayFeaturesV1.LogRow]
    ) throws(RPCError) -> AssayFeaturesV1.LogRow {
        let amounts = row.amounts.map {
            ResolvedEvent.Conversion(field: $0.field, units: $0.units)
        }
        let references = row.references + found.map(\.event)
        let converted = amounts + found.flatMap(conversions)
        // It was checked when it came, perhaps under newer definitions.
        let resolved = try resolver.resolve(
            row.event, tenant: row.tenant, references: references, conversions: converted,
            received: nil)
        let scoring = Scoring(
            pipeline: self, event: row.event, tenant: row.tenant, vectors: [], resolved: resolved,
            entities: resolved.entities(definitions, tenant: row.tenant), received: row.received,
            references: references, conversions: converted)
        return logRow(
            scoring, sequence: row.sequence, versions: scoring.entities.map { _ in 0 }, vectors: [])
    }

    /// The amounts of an earlier event, as one that refers to it knows them.
    private func conversions(
        _ row: AssayFeaturesV1.LogRow
    ) -> [ResolvedEvent.Conversion] {
        row.amounts.filter { !$0.field.contains(".") }.map {
            ResolvedEvent.Conversion(field: "\(row.event.type).\($0.field)", units: $0.units)
        }
    }

    /// The event of a row against the definitions of today; nil if they do not know its type.
    package func resolved(_ row: AssayFeaturesV1.LogRow) -> ResolvedEvent? {
        resolver.resolve(row)
    }

    /// Per event type that was seen since the start, the greatest event time, in milliseconds.
    var newestEvents: [(type: String, time: Int64)] {
        definitions.events.enumerated().compactMap { type, definition in
            quality.freshness.newest(type: type).map { (definition.name, $0.time) }
        }
    }

    /// An entity as it is: what its features are computed from.
    package func reading(
        _ entity: EntityReference, _ state: FeatureState, at time: Int64
    ) -> EntityReading {
        EntityReading(entity, state, at: time)
    }

    /// The same without a copy, for as long as the state does not change.
    func reading(
        _ entity: EntityReference, held: CachedState, at time: Int64
    ) -> EntityReading {
        EntityReading(entity, held: held, at: time)
    }

    /// An entity that the store could not answer for.
    package func unavailable(_ entity: EntityReference, at time: Int64) -> EntityReading {
        EntityReading(entity, nil, at: time)
    }

    package func response(
        _ scoring: Scoring, _ readings: [EntityReading], outcome: AssayFeaturesV1.Outcome,
        sequence: UInt64 = 0, durability: AssayFeaturesV1.Durability = .unspecified
    ) -> AssayFeaturesV1.ScoreEventResponse {
        AssayFeaturesV1.ScoreEventResponse(
            receipt: AssayFeaturesV1.Receipt(
                eventID: scoring.event.id, outcome: outcome, sequence: sequence,
                durability: durability, problems: scoring.resolved.problems.map(\.message)),
            vectors: vectors.vectors(
                scoring.vectors, event: scoring.resolved, readings: readings,
                time: scoring.resolved.time),
            entities: scoring.vectors.isEmpty ? [] : readings.map(entityRead),
            definitionSet: definitions.hash)
    }

    /// Nothing was kept: the event is to be sent again.
    ///
    /// - Parameter readings: what is known of its entities; nothing if nil.
    package func notRecorded(
        _ scoring: Scoring, because error: any Error, _ readings: [EntityReading]? = nil
    ) -> AssayFeaturesV1.ScoreEventResponse {
        let known =
            readings ?? scoring.entities.map { unavailable($0, at: scoring.resolved.time) }
        var response = response(scoring, known, outcome: .notRecorded)
        let problems = response.receipt.problems.prefix(ResolvedEvent.maximumProblems - 1)
        response.receipt.problems = [AssayFeaturesV1.Problem(notRecorded: error)] + problems
        return response
    }

    /// The event was recorded before, and its reply is no longer kept: vectors computed now could
    /// differ from those given.
    package func duplicate(
        _ scoring: Scoring, sequence: UInt64, durability: AssayFeaturesV1.Durability
    ) -> AssayFeaturesV1.ScoreEventResponse {
        AssayFeaturesV1.ScoreEventResponse(
            receipt: AssayFeaturesV1.Receipt(
                eventID: scoring.event.id, outcome: .duplicate, sequence: sequence,
                durability: durability),
            definitionSet: definitions.hash)
    }

    func entityRead(_ reading: EntityReading) -> AssayFeaturesV1.EntityRead {
        AssayFeaturesV1.EntityRead(
            entity: definitions.entities[reading.reference.entity].name,
            role: reading.reference.role, pid: reading.reference.key.bytes,
            version: reading.version)
    }

    /// The row of an event: what every state can be rebuilt from.
    ///
    /// - Parameter versions: what the event makes of each entity, in their order.
    package func logRow(
        _ scoring: Scoring, sequence: UInt64, versions: [UInt64],
        vectors: [AssayFeaturesV1.Vector]
    ) -> AssayFeaturesV1.LogRow {
        AssayFeaturesV1.LogRow(
            sequence: sequence, tenant: scoring.tenant, event: scoring.event,
            received: scoring.received, definitionSet: definitions.hash,
            entities: loggedEntities(scoring, versions),
            vectors: vectors.map(AssayFeaturesV1.LoggedVector.init),
            references: scoring.references,
            amounts: scoring.resolved.conversions.map {
                AssayFeaturesV1.LoggedAmount(field: $0.field, units: $0.units)
            }, words: resolver.keptWords(of: scoring.resolved),
            filters: resolver.keptFilters(of: scoring.resolved))
    }

    /// The entities of an event with the versions that it makes of them.
    func loggedEntities(
        _ scoring: Scoring, _ versions: [UInt64]
    ) -> [AssayFeaturesV1.LoggedEntity] {
        let touches = definitions.events[scoring.resolved.type].touches
        var entities: [AssayFeaturesV1.LoggedEntity] = []
        entities.reserveCapacity(scoring.entities.count)
        for (entity, version) in zip(scoring.entities, versions) {
            let (name, pid) = (definitions.entities[entity.entity].name, entity.key.bytes)
            var rest = entity.touches
            while rest != 0 {
                entities.append(
                    AssayFeaturesV1.LoggedEntity(
                        entity: name, role: touches[rest.trailingZeroBitCount].role,
                        version: version, pid: pid))
                rest &= rest - 1
            }
        }
        return entities
    }

    /// ALREADY_EXISTS with the fields that differ from the event recorded under the same id.
    package func conflict(
        _ event: AssayFeaturesV1.Event, with recorded: AssayFeaturesV1.Event?
    ) -> RPCError {
        let fields = recorded.map { Self.differences(event, $0) } ?? []
        let names = fields.isEmpty ? "" : "; what differs: \(fields.joined(separator: ", "))"
        return RPCError(
            code: .alreadyExists,
            message: "event id \"\(event.id)\" was used with other content\(names)",
            reason: "EVENT_CONFLICT",
            details: [
                .badRequest(
                    fields.map {
                        FieldViolation(field: $0, description: "differs from the recorded event")
                    })
            ])
    }

    /// Paths of what is not equal, in the order of the schema and of the names.
    private static func differences(
        _ a: AssayFeaturesV1.Event, _ b: AssayFeaturesV1.Event
    ) -> [String] {
        var paths: [String] = []
        if a.type != b.type { paths.append("/event/type") }
        if a.time != b.time { paths.append("/event/time") }
        let names = Set(a.fields.keys).union(b.fields.keys).sorted()
        for name in names where a.fields[name] != b.fields[name] {
            paths.append("/event/fields/\(name)")
        }
        return paths
    }
}

extension AssayFeaturesV1.LoggedVector {
    init(_ vector: AssayFeaturesV1.Vector) {
        self.init(name: vector.ref.name, version: vector.ref.version, digest: vector.digest)
    }
}

extension EventProblem {
    var message: AssayFeaturesV1.Problem {
        AssayFeaturesV1.Problem(
            rule: rule, path: path, message: text.limited(to: 512), policy: policy.message)
    }
}

extension EventProblem.Policy {
    var message: AssayFeaturesV1.Policy {
        switch self {
        case .flag: .flag
        case .quarantine: .quarantine
        case .reject: .reject
        }
    }
}
