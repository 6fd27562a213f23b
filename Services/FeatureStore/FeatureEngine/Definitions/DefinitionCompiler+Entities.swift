internal import RuleLanguage

/// What an entity keeps and gives, while it is put together.
struct EntityDraft {
    let index: Int
    let declaration: EntityDeclaration
    var measures = MeasureTable()
    var aggregates: [ResolvedAggregate] = []
    var attributes: [(meaning: String, attribute: Attribute, make: [PendingRead])] = []
    var registers: [(register: Register, definition: RegisterDefinition)] = []
    var tables: [(table: KeyedTable, definition: TableDefinition)] = []
    var recents: [(list: RecentList, definition: RecentDefinition)] = []

    /// A feature of an attribute whose position is not known yet.
    struct PendingRead {
        let name: String
        let alias: String?
        let aspect: AttributeRead.Aspect
        let argument: [Int?]
        let includesSelf: Bool
        let type: FeatureType
        let unit: Unit?
        let defaultValue: Double
        let meaning: String
        let documentation: Documentation
    }
}

extension DefinitionCompiler {
    mutating func compileEntities() -> [EntityDefinition] {
        checkEntitiesExist()
        let subjects = declaredEntities.map { subject(of: $0) }
        return declaredEntities.indices.compactMap { index in
            var draft = EntityDraft(index: index, declaration: declaredEntities[index])
            addAggregates(to: &draft)
            addAttributes(to: &draft)
            addRegisters(to: &draft)
            addTables(to: &draft)
            addRecents(to: &draft)
            return compile(draft, subject: subjects[index])
        }
    }

    private mutating func checkEntitiesExist() {
        let names = declaredEntities.map(\.name.value)
        var used: [Located<String>] = []
        for file in files {
            used += file.aggregates.map(\.entity)
            used += file.attributes.map(\.entity)
            used += file.tables.map(\.entity)
            used += file.registers.map(\.entity)
            used += file.recents.map(\.entity)
            used += file.snapshots.map(\.entity)
        }
        for entity in used where !names.contains(entity.value) {
            unknown("entity", entity, among: names)
        }
    }

    private mutating func subject(of entity: EntityDeclaration) -> Int? {
        guard let subject = entity.subject else { return nil }
        let names = declaredEntities.map(\.name.value)
        if subject.value == "self" { return names.firstIndex(of: entity.name.value) }
        guard let found = names.firstIndex(of: subject.value) else {
            unknown("entity", subject, among: names)
            return nil
        }
        let its = declaredEntities[found].subject?.value
        if its != "self", its != subject.value {
            report(
                "\(subject.value) is the subject of \(entity.name.value), so it needs"
                    + " `subject: self`", at: subject.location)
        }
        return found
    }

    /// Nil, with a problem, if the entity needs more than a group can hold.
    private mutating func compile(_ draft: EntityDraft, subject: Int?) -> EntityDefinition? {
        var draft = draft
        // Positions follow from what things mean, so that a new name moves nothing.
        draft.attributes.sort { $0.meaning < $1.meaning }
        draft.registers.sort { $0.definition.meaning < $1.definition.meaning }
        draft.tables.sort { $0.definition.meaning < $1.definition.meaning }
        draft.recents.sort { $0.definition.meaning < $1.definition.meaning }
        let compiled = draft.measures.compiled()
        guard checkLimits(draft, compiled) else { return nil }
        let group = Group(
            tiers: compiled.tiers, measures: compiled.measures,
            registers: draft.registers.map(\.register),
            attributes: draft.attributes.map(\.attribute), tables: draft.tables.map(\.table),
            recents: draft.recents.map(\.list))
        let own = features(of: draft, compiled)
        let features = sortedByName(own, \.name)
        return EntityDefinition(
            name: draft.declaration.name.value, short: draft.declaration.short.value,
            key: draft.declaration.key.map(\.value), subject: subject,
            personal: draft.declaration.personal?.value, isRelaxed: draft.declaration.isRelaxed,
            group: group, meaning: meaning(of: draft, compiled, group),
            parts: parts(of: draft, compiled, group),
            plan: ReadPlan(features.map(\.read), group: group), features: features,
            counts: sortedByName(counts(of: draft, compiled), \.name),
            registers: draft.registers.map(\.definition), tables: draft.tables.map(\.definition),
            recents: draft.recents.map(\.definition))
    }

    private mutating func checkLimits(_ draft: EntityDraft, _ compiled: CompiledMeasures) -> Bool {
        let sizes = [
            (compiled.measures.count, Group.maximumMeasures, "counters"),
            (compiled.tiers.count, Group.maximumTiers, "lengths of tiles"),
            (draft.registers.count, Group.maximumRegisters, "registers"),
            (draft.attributes.count, Group.maximumLists, "attributes"),
            (draft.tables.count, Group.maximumLists, "tables"),
            (draft.recents.count, Group.maximumLists, "recent lists"),
        ]
        let before = problems.count
        for (count, limit, what) in sizes where count > limit {
            report(
                "entity \"\(draft.declaration.name.value)\" needs \(count) \(what); at most"
                    + " \(limit)", at: draft.declaration.name.location)
        }
        return problems.count == before
    }

    /// By names, not positions: another event type or field elsewhere changes nothing here.
    private func meaning(
        of draft: EntityDraft, _ compiled: CompiledMeasures, _ group: Group
    ) -> String {
        // Every event that touches the entity moves its clock and version.
        let touching = events.flatMap { event in
            event.touches.filter { $0.entity == draft.index }
                .map { "\(event.name) \($0.role) \($0.fields.map { event.fields[$0].name })" }
        }
        let tiers = group.tiers.map { "\($0.span)/\($0.hop)" }
        let measures = zip(group.measures, compiled.meanings).map { measure, meaning in
            "\(meaning) \(measure.statistics.rawValue) \(measure.tiers)"
        }
        return "group \(draft.declaration.name.value) \(touching) \(tiers) \(measures)"
            + " \(draft.registers.map(\.definition.meaning)) \(draft.attributes.map(\.meaning))"
            + " \(draft.tables.map(\.definition.meaning))"
            + " \(draft.recents.map(\.definition.meaning))"
    }

    private func parts(
        of draft: EntityDraft, _ compiled: CompiledMeasures, _ group: Group
    ) -> Set<String> {
        var parts = Set(draft.registers.map(\.definition.meaning))
        parts.formUnion(draft.attributes.map(\.meaning))
        parts.formUnion(draft.tables.map(\.definition.meaning))
        parts.formUnion(draft.recents.map(\.definition.meaning))
        for event in events {
            for touch in event.touches where touch.entity == draft.index {
                let key = touch.fields.map { event.fields[$0].name }
                parts.insert("event \(event.name) as '\(touch.role)' by \(key)")
            }
        }
        for (measure, meaning) in zip(group.measures, compiled.meanings) {
            parts.insert("counter \(meaning)")
            for bit in 0..<8 where measure.statistics.rawValue >> UInt8(bit) & 1 == 1 {
                parts.insert("statistic \(bit) of \(meaning)")
            }
            for (position, tier) in group.tiers.enumerated()
            where measure.tiers >> UInt64(position) & 1 == 1 {
                parts.insert(
                    "windows of \(Window.text(tier.span)), by tiles of \(Window.text(tier.hop)),"
                        + " of \(meaning)")
            }
        }
        return parts
    }

    // MARK: Features

    private func features(of draft: EntityDraft, _ compiled: CompiledMeasures) -> [StateFeature] {
        let lists = Dictionary(
            draft.recents.enumerated().map { ($0.element.definition.meaning, $0.offset) },
            uniquingKeysWith: { a, _ in a })
        let aggregates = draft.aggregates.flatMap { $0.features(compiled, lists: lists) }
        let attributes = draft.attributes.enumerated().flatMap { position, entry in
            entry.make.map { pending in
                StateFeature(
                    name: pending.name, alias: pending.alias,
                    read: .attribute(
                        AttributeRead(
                            attribute: position, aspect: pending.aspect,
                            argument: pending.argument, includesSelf: pending.includesSelf,
                            defaultValue: pending.defaultValue)),
                    type: pending.type, unit: pending.unit, defaultValue: pending.defaultValue,
                    meaning: pending.meaning, documentation: pending.documentation)
            }
        }
        let registers = draft.registers.enumerated().filter { !$0.element.definition.isSnapshot }
            .flatMap { timeFeatures(of: $0.element.definition, at: $0.offset, draft.declaration) }
        return aggregates + attributes + registers
    }

    private func counts(of draft: EntityDraft, _ compiled: CompiledMeasures) -> [CountsFeature] {
        draft.aggregates.flatMap { $0.counts(compiled) }
    }

    /// How long ago a register's event was.
    private func timeFeatures(
        of register: RegisterDefinition, at position: Int, _ entity: EntityDeclaration
    ) -> [StateFeature] {
        let short = entity.short.value
        let aspects: [(String, RegisterRead.Aspect, Unit?)] = [
            ("secs_since", .secondsSince, .seconds), ("days_since", .daysSince, nil),
        ]
        return aspects.map { name, aspect, unit in
            StateFeature(
                name: "\(short)_\(name)_\(register.name)", alias: nil,
                read: .register(RegisterRead(register: position, aspect: aspect)), type: .int,
                unit: unit, defaultValue: FeatureValue.missing,
                meaning: "\(name) \(entity.name.value) \(register.meaning)",
                documentation: register.documentation)
        }
    }
}
