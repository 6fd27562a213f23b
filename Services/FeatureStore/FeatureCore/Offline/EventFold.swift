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
    private var lastSequence: UInt64 = 0
    private let resolver: EventResolver
    private var ids: [StateKey: ContentDigest] = [:]

    private struct ContentDigest: Hashable {
        let high: UInt64
        let low: UInt64

        init(_ event: AssayFeaturesV1.Event) {
            let digest = Hash.sha256(event.encoded())
            high = digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    init(_ definitions: DefinitionSet, tenant: String) {
        self.definitions = definitions
        self.tenant = tenant
        resolver = EventResolver(definitions)
        states = ReplayStates(definitions, tenant: tenant)
    }

    /// Reads the vector as it was before the event, then applies the event: once for each id.
    ///
    /// Throws for an event of a type or with a field that the definitions do not have.
    ///
    /// - Parameters:
    ///   - received: ingest time in milliseconds; nil takes the event's own time.
    ///   - sequence: the event's place in a log, above those before it; nil takes the next.
    mutating func score(
        _ event: AssayFeaturesV1.Event, _ vector: VectorDefinition?, received: Int64? = nil,
        sequence: UInt64? = nil
    ) throws(RPCError) -> Scored {
        let resolved = try resolver.resolve(
            event, received: received ?? event.time.millisecondsSinceEpoch)
        let entities = resolved.entities(definitions, tenant: tenant)
        guard (resolved.policy ?? .flag) == .flag else {
            return Scored(
                outcome: resolved.policy == .quarantine ? .quarantined : .rejected,
                vector: vector.map { states.read($0, resolved, entities, at: resolved.time) },
                problems: resolved.problems)
        }
        let id = StateKey(tenant: tenant, entity: "", key: event.id)
        let digest = ContentDigest(event)
        if let known = ids[id] {
            return Scored(
                outcome: known == digest ? .duplicate : .rejected, vector: nil, problems: [])
        }
        ids[id] = digest
        lastSequence = sequence ?? lastSequence + 1
        return Scored(
            outcome: .applied,
            vector: states.score(vector, resolved, entities, sequence: lastSequence),
            problems: resolved.problems)
    }
}
