internal import AssayMessages
internal import FeatureEngine
internal import Wire

/// Takes the personal fields out of log rows and puts them back, whoever keeps the subjects' keys.
struct PersonalRows: Sendable {
    typealias Fields = WireMap<String, AssayFeaturesV1.FieldValue>

    /// What a row without its personal fields lacks.
    struct Parted {
        /// Fields of one subject; event 0 is the row's own, n the n-th that it refers to.
        struct Part {
            let event: Int
            let subject: StateKey
            let fields: Fields
        }

        var personal: [Part] = []
        /// Whose the entities are.
        var owned: [SubjectKeys.Owned] = []
    }

    let definitions: DefinitionSet
    private let keys: TenantKeys
    private let plans: [PersonalPlan]

    init(_ definitions: DefinitionSet, keys: TenantKeys) {
        self.definitions = definitions
        self.keys = keys
        plans = definitions.events.map { PersonalPlan($0, definitions.entities) }
    }

    /// Takes the personal fields out of a row's events.
    ///
    /// - Parameter entities: those of the row's own event.
    func part(
        _ row: inout AssayFeaturesV1.LogRow, _ entities: [EntityReference]
    ) -> Parted {
        var parted = Parted()
        for position in 0...row.references.count {
            let event = position == 0 ? row.event : row.references[position - 1]
            guard let type = definitions.event(named: event.type) else { continue }
            let definition = definitions.events[type]
            let pids =
                position == 0
                ? Self.pids(of: entities, touches: definition.touches.count)
                : pids(event, definition, tenant: row.tenant)
            own(pids, type, &parted.owned)
            let taken = Self.take(event.fields, plans[type], pids)
            for (subject, fields) in taken.personal {
                parted.personal.append(
                    Parted.Part(event: position, subject: subject, fields: fields))
            }
            if position == 0 {
                row.event.fields = taken.plain
            } else {
                row.references[position - 1].fields = taken.plain
            }
        }
        return parted
    }

    /// Puts the personal fields back. Those whose subject has no key stay away, and sealed.
    func open(
        _ row: inout AssayFeaturesV1.LogRow,
        _ key: (_ subject: StateKey, _ sealed: [UInt8]) throws -> SubjectKey?
    ) throws {
        var closed: [AssayFeaturesV1.SealedFields] = []
        for (place, sealed) in row.sealed.enumerated() {
            guard let subject = StateKey(bytes: sealed.subject),
                let key = try key(subject, sealed.fields)
            else {
                closed.append(sealed)
                continue
            }
            let sequence = sealed.early ? Self.earlySequence(row) : row.sequence
            let plain = try key.open(sealed.fields, sequence: sequence, place: UInt32(place))
            let personal = try AssayFeaturesV1.PersonalFields(
                decoding: plain, door: .strict, limits: .stored)
            let position = Int(sealed.event)
            guard position <= row.references.count else { throw PrivacyError.damagedFields }
            if position == 0 {
                row.event.fields = Self.merged(row.event.fields, personal.fields)
            } else {
                row.references[position - 1].fields = Self.merged(
                    row.references[position - 1].fields, personal.fields)
            }
        }
        row.sealed = closed
    }

    /// What binds sealed fields to a row that has no sequence yet.
    static func earlySequence(_ row: AssayFeaturesV1.LogRow) -> UInt64 {
        StorageKey.sequence(Hash.sha256(row.event.id).prefix(8)) ?? 0
    }

    /// Whose the entities of a row are: by their pseudonyms in it, or by its fields as far as they are
    /// open.
    func owned(_ row: AssayFeaturesV1.LogRow) -> [SubjectKeys.Owned] {
        var owned: [SubjectKeys.Owned] = []
        for position in 0...row.references.count {
            let event = position == 0 ? row.event : row.references[position - 1]
            guard let type = definitions.event(named: event.type) else { continue }
            let definition = definitions.events[type]
            var pids = pids(event, definition, tenant: row.tenant)
            if position == 0 {
                pids = zip(definition.touches, pids).map { pid(of: $0, row) ?? $1 }
            }
            own(pids, type, &owned)
        }
        return owned
    }

    /// The pseudonym of an entity as the row has it.
    private func pid(of touch: Touch, _ row: AssayFeaturesV1.LogRow) -> StateKey? {
        let name = definitions.entities[touch.entity].name
        return row.entities.first { $0.entity == name && $0.role == touch.role }
            .flatMap { StateKey(bytes: $0.pid) }
    }

    private static func merged(_ a: Fields, _ b: Fields) -> Fields {
        Fields(a.map { ($0.key, $0.value) } + b.map { ($0.key, $0.value) })
    }

    private static func pids(of entities: [EntityReference], touches: Int) -> [StateKey?] {
        (0..<touches).map { touch in
            entities.first { $0.touches >> UInt64(touch) & 1 == 1 }?.key
        }
    }

    /// Per touch, the pseudonym of its entity; nil if the event does not name it.
    private func pids(
        _ event: AssayFeaturesV1.Event, _ definition: EventDefinition, tenant: String
    ) -> [StateKey?] {
        let key = keys.key(of: tenant)
        return definition.touches.map { touch in
            var parts: [String] = []
            for position in touch.fields {
                guard case .text(let text)? = event.fields[definition.fields[position].name],
                    !text.isEmpty
                else { return nil }
                parts.append(text)
            }
            return key.pid(entity: definitions.entities[touch.entity].name, parts: parts)
        }
    }

    /// Tells whose each entity is.
    private func own(_ pids: [StateKey?], _ type: Int, _ owned: inout [SubjectKeys.Owned]) {
        for (index, pid) in pids.enumerated() {
            guard let pid, let subject = plans[type].subject(of: index, pids) else { continue }
            owned.append(
                SubjectKeys.Owned(
                    entity: pid, type: definitions.events[type].touches[index].entity,
                    subject: subject))
        }
    }

    /// The fields that are not personal, and those that are, by subject.
    private static func take(
        _ fields: Fields, _ plan: PersonalPlan, _ pids: [StateKey?]
    ) -> (plain: Fields, personal: [(subject: StateKey, fields: Fields)]) {
        var plain = fields
        var personal: [(subject: StateKey, fields: Fields)] = []
        var next = 0
        for entry in fields {
            // Both are ascending by name.
            while next < plan.fields.count, plan.fields[next].name != entry.key,
                UTF8Order.precedes(plan.fields[next].name, entry.key)
            { next += 1 }
            guard next < plan.fields.count, plan.fields[next].name == entry.key else { continue }
            // Without a subject it belongs to the tenant as a whole.
            let subject = plan.fields[next].touch.flatMap { plan.subject(of: $0, pids) } ?? .nobody
            let place = personal.firstIndex { $0.subject == subject } ?? personal.count
            if place == personal.count { personal.append((subject, Fields())) }
            personal[place].fields[entry.key] = entry.value
            plain[entry.key] = nil
        }
        return (plain, personal)
    }
}
