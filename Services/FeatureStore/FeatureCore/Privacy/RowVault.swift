internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Wire

/// Seals the personal fields of log rows, each subject's under its own key, and opens them again.
struct RowVault: Sendable {
    let definitions: DefinitionSet
    let keys: TenantKeys
    let subjects: SubjectKeys
    private let plans: [PersonalPlan]

    init(_ definitions: DefinitionSet, keys: TenantKeys, subjects: SubjectKeys) {
        self.definitions = definitions
        self.keys = keys
        self.subjects = subjects
        plans = definitions.events.map { PersonalPlan($0, definitions.entities) }
    }

    /// Takes the personal fields out of a row's events and puts them back sealed. New keys, and
    /// whose the entities are, go into the batch.
    ///
    /// - Parameter entities: those of the row's own event.
    func seal(
        _ row: inout AssayFeaturesV1.LogRow, _ entities: [EntityReference],
        _ batch: inout WriteBatch
    ) throws -> SubjectKeys.Pending {
        var pending = SubjectKeys.Pending()
        for position in 0...row.references.count {
            let event = position == 0 ? row.event : row.references[position - 1]
            guard let type = definitions.event(named: event.type) else { continue }
            let definition = definitions.events[type]
            let pids =
                position == 0
                ? Self.pids(of: entities, touches: definition.touches.count)
                : pids(event, definition, tenant: row.tenant)
            try index(pids, type, row.tenant, &batch, &pending)
            let taken = Self.take(event.fields, plans[type], pids)
            for (subject, fields) in taken.personal {
                let key = try subjects.key(of: subject, tenant: row.tenant, &batch, &pending)
                let plain = AssayFeaturesV1.PersonalFields(fields: fields).encoded()
                let sealed = try key.seal(
                    plain, sequence: row.sequence, place: UInt32(row.sealed.count))
                row.sealed.append(
                    AssayFeaturesV1.SealedFields(
                        subject: subject.bytes, event: UInt32(position), fields: sealed))
            }
            if position == 0 {
                row.event.fields = taken.plain
            } else {
                row.references[position - 1].fields = taken.plain
            }
        }
        return pending
    }

    /// Tells whose the entities of a row are that was recorded under other definitions.
    func index(
        _ row: AssayFeaturesV1.LogRow, _ batch: inout WriteBatch
    ) throws -> SubjectKeys.Pending {
        var pending = SubjectKeys.Pending()
        for event in [row.event] + row.references {
            guard let type = definitions.event(named: event.type) else { continue }
            let pids = pids(event, definitions.events[type], tenant: row.tenant)
            try index(pids, type, row.tenant, &batch, &pending)
        }
        return pending
    }

    /// Puts the personal fields back. Those of an erased subject stay away, and sealed.
    func open(_ row: inout AssayFeaturesV1.LogRow) throws {
        var closed: [AssayFeaturesV1.SealedFields] = []
        for (place, sealed) in row.sealed.enumerated() {
            guard let subject = StateKey(bytes: sealed.subject),
                let key = try subjects.key(of: subject, tenant: row.tenant)
            else {
                closed.append(sealed)
                continue
            }
            let plain = try key.open(
                sealed.fields, sequence: row.sequence, place: UInt32(place))
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

    /// Whose the entities of a row are, by their pseudonyms in it.
    func owned(_ row: AssayFeaturesV1.LogRow) -> [SubjectKeys.Owned] {
        guard let type = definitions.event(named: row.event.type) else { return [] }
        let touches = definitions.events[type].touches
        let pids = touches.map { touch in
            let name = definitions.entities[touch.entity].name
            return row.entities.first { $0.entity == name && $0.role == touch.role }
                .flatMap { StateKey(bytes: $0.pid) }
        }
        return pids.enumerated().compactMap { index, pid in
            guard let pid, let subject = plans[type].subject(of: index, pids) else { return nil }
            return SubjectKeys.Owned(entity: pid, type: touches[index].entity, subject: subject)
        }
    }

    private typealias Fields = WireMap<String, AssayFeaturesV1.FieldValue>

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
    private func index(
        _ pids: [StateKey?], _ type: Int, _ tenant: String, _ batch: inout WriteBatch,
        _ pending: inout SubjectKeys.Pending
    ) throws {
        var owned: [SubjectKeys.Owned] = []
        owned.reserveCapacity(pids.count)
        for (index, pid) in pids.enumerated() {
            guard let pid, let subject = plans[type].subject(of: index, pids) else { continue }
            owned.append(
                SubjectKeys.Owned(
                    entity: pid, type: definitions.events[type].touches[index].entity,
                    subject: subject))
        }
        try subjects.add(owned, tenant: tenant, &batch, &pending) { definitions.entities[$0].name }
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
