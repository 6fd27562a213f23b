internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// Scores events against states in memory: what a store does to its states, without the store.
///
/// Events are checked, read and applied by the code the stores use; their order is that of the
/// calls.
struct EventFold {
    /// What became of an event.
    struct Scored {
        let outcome: AssayFeaturesV1.Outcome
        /// As before the event; nil for an event that was there before.
        let vector: AssayFeaturesV1.Vector?
        let problems: [EventProblem]
    }

    let definitions: DefinitionSet
    let tenant: String
    let states: ReplayStates
    /// Whether events that others name are kept: without them only the caller knows them.
    var remembersEvents = true
    private var lastSequence: UInt64 = 0
    private let resolver: EventResolver
    private let pseudonyms: KnownPseudonyms
    /// The contents of the events, by their ids.
    private var ids: [EventID: Hash.Half] = [:]
    /// Encoded events that others may name, by their ids.
    private var recorded: [EventID: [UInt8]] = [:]
    /// The event types that others name.
    private let namedTypes: Set<String>

    init(_ definitions: DefinitionSet, tenant: String) {
        self.definitions = definitions
        self.tenant = tenant
        resolver = EventResolver(definitions, keys: .withoutSecret)
        states = ReplayStates(definitions, tenant: tenant)
        pseudonyms = KnownPseudonyms(entities: definitions.entities.count)
        namedTypes = Set(
            definitions.events.flatMap(\.references).map { definitions.events[$0.event].name })
    }

    /// Reads the vector as it was before the event, then applies the event: once for each id.
    ///
    /// Throws for an event of a type or with a field that the definitions do not have.
    ///
    /// - Parameters:
    ///   - received: ingest time in milliseconds; nil takes the event's own time.
    ///   - sequence: the event's place in a log, above those before it; nil takes the next.
    ///   - references: the events it names, where the caller knows them; nil looks them up.
    mutating func score(
        _ event: AssayFeaturesV1.Event, _ vector: VectorDefinition?, received: Int64? = nil,
        sequence: UInt64? = nil, references: [AssayFeaturesV1.Event]? = nil
    ) throws(RPCError) -> Scored {
        let now = received ?? event.time.millisecondsSinceEpoch
        let resolved = try resolver.resolve(
            event, tenant: tenant, references: references ?? recorded(for: event),
            received: now)
        let entities = resolved.entities(definitions, tenant: tenant, known: pseudonyms)
        guard (resolved.policy ?? .flag) == .flag else {
            return Scored(
                outcome: resolved.policy == .quarantine ? .quarantined : .rejected,
                vector: vector.map {
                    states.read($0, resolved, entities, at: resolved.time, now: now)
                },
                problems: resolved.problems)
        }
        let id = EventID(text: event.id)
        let content = event.encoded()
        let digest = Hash.Half(content)
        if let known = ids[id] {
            return Scored(
                outcome: known == digest ? .duplicate : .rejected, vector: nil, problems: [])
        }
        ids[id] = digest
        if remembersEvents, namedTypes.contains(event.type) { recorded[id] = content }
        lastSequence = sequence ?? lastSequence + 1
        return Scored(
            outcome: .applied,
            vector: states.score(
                vector, resolved, entities, sequence: lastSequence, now: now),
            problems: resolved.problems)
    }

    private func recorded(for event: AssayFeaturesV1.Event) -> [AssayFeaturesV1.Event] {
        resolver.references(of: event).compactMap { reference in
            recorded[EventID(text: reference.id)].flatMap {
                try? AssayFeaturesV1.Event(decoding: $0, door: .strict)
            }
        }
    }
}

/// An id by its bytes: texts are equal to Swift that differ in theirs.
private struct EventID: Hashable {
    let text: String

    static func == (a: EventID, b: EventID) -> Bool { UTF8Order.equal(a.text, b.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
