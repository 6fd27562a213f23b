internal import RuleLanguage

/// Everything that derived features may name, and they themselves.
extension DefinitionCompiler {
    /// Counts of more classes are maps of those that occurred.
    static let maximumListedClasses = 1_024

    mutating func compileFeatures(_ entities: [EntityDefinition]) -> FeatureSet {
        var builder = FeatureSetBuilder(constants: constants)
        builder.add(events.indices.map { scope(of: $0) })
        for (position, entity) in entities.enumerated() {
            for feature in entity.features {
                builder.add(
                    feature.name, alias: feature.alias, entity: position, feature.read,
                    type: type(of: feature.type), unit: feature.unit, meaning: feature.meaning)
            }
            for fact in facts(of: entity, at: position) { builder.add(fact, of: entity.name) }
        }
        let declarations = files.flatMap(\.derived)
        unique(declarations.map(\.name), what: "feature")
        checkNames(declarations, entities)
        for declaration in sortedByName(declarations, \.name.value) {
            guard let type = FeatureType(rawValue: declaration.type.value) else {
                report(
                    "unknown type \"\(declaration.type.value)\"; the types are "
                        + FeatureType.allCases.map(\.rawValue).joined(separator: ", "),
                    at: declaration.type.location)
                continue
            }
            checkRole(declaration)
            builder.add(
                DerivedFeature(
                    name: declaration.name, expression: declaration.expression,
                    condition: declaration.condition, type: self.type(of: type),
                    unit: type == .money ? .money : declaration.unit,
                    role: declaration.role?.value, defaultValue: declaration.defaultValue))
        }
        let features = builder.build()
        problems += builder.problems
        return features
    }

    /// A name may be put together in two ways, `a` + `b_c` and `a_b` + `c`, or be that of a derived
    /// feature.
    private mutating func checkNames(
        _ declarations: [DerivedDeclaration], _ entities: [EntityDefinition]
    ) {
        var seen: Set<String> = []
        for entity in entities {
            for feature in entity.features where !seen.insert(feature.name).inserted {
                let place = declaredEntities.first { $0.name.value == entity.name }?.name.location
                guard let place else { continue }
                report("two features are named \"\(feature.name)\"", at: place)
            }
        }
        for declaration in declarations where seen.contains(declaration.name.value) {
            report(
                "there is a feature \"\(declaration.name.value)\" already that a state gives",
                at: declaration.name.location)
        }
    }

    private mutating func checkRole(_ declaration: DerivedDeclaration) {
        guard let role = declaration.role else { return }
        let roles = Set(events.flatMap { $0.touches.map(\.role) }).subtracting([""])
        if !roles.contains(role.value) { unknown("role", role, among: roles.sorted()) }
    }

    private func type(of feature: FeatureType) -> ValueType {
        switch feature {
        // A vector holds a category's code.
        case .int, .money, .category: .int
        case .double: .double
        case .bool: .bool
        }
    }

    // MARK: Facts of states

    private func facts(of entity: EntityDefinition, at position: Int) -> [NamedFact] {
        entity.registers.enumerated().flatMap { facts(of: $0.element, at: $0.offset, position) }
            + entity.tables.enumerated().map { fact(of: $0.element, at: $0.offset, position) }
            + entity.recents.enumerated().filter { !$0.element.name.isEmpty }
            .map { fact(of: $0.element, at: $0.offset, position) }
            + entity.counts.map { fact(of: $0, position) }
    }

    private func declaration(_ field: StoredField, prefix: String = "") -> FactDeclaration {
        FactDeclaration(
            name: prefix + field.name, type: type(of: field.type, field.enumeration, isKept: true),
            unit: field.unit)
    }

    private func facts(
        of register: RegisterDefinition, at index: Int, _ entity: Int
    ) -> [NamedFact] {
        let prefix = register.name + "."
        var facts = register.fields.enumerated().map { value, field in
            NamedFact(
                declaration(field, prefix: prefix),
                .register(entity: entity, register: index, .value(value)),
                meaning: "\(register.meaning) value \(value)")
        }
        if !register.fields.contains(where: { $0.name == "time" }) {
            facts.append(
                NamedFact(
                    FactDeclaration(name: prefix + "time", type: .timestamp),
                    .register(entity: entity, register: index, .time),
                    meaning: "\(register.meaning) time"))
        }
        return facts
    }

    /// A record with the time of its event, unless a field has that name.
    private func record(
        _ name: String, _ columns: [(field: StoredField, column: RowColumn)], key: String? = nil
    ) -> (type: RecordType, columns: [RowColumn]) {
        var fields = columns.map { declaration($0.field) }
        var sources = columns.map(\.column)
        if !fields.contains(where: { $0.name == "time" }) {
            fields.append(FactDeclaration(name: "time", type: .timestamp))
            sources.append(.time)
        }
        return (RecordType(name: name, fields: fields, key: key), sources)
    }

    private func fact(of table: TableDefinition, at index: Int, _ entity: Int) -> NamedFact {
        var columns: [(field: StoredField, column: RowColumn)] = [(table.key, .key)]
        for (value, field) in table.fields.enumerated() where field.name != table.key.name {
            columns.append((field, .value(value)))
        }
        for (sum, field) in table.sums.enumerated() { columns.append((field, .sum(sum))) }
        let record = record(table.name, columns, key: table.key.name)
        return NamedFact(
            FactDeclaration(
                name: table.name, type: .list(.record(record.type)), maximumEntries: table.rows),
            .table(entity: entity, table: index, record.columns),
            meaning: meaning(table.meaning, record.type, record.columns))
    }

    private func fact(of list: RecentDefinition, at index: Int, _ entity: Int) -> NamedFact {
        let record = record(
            list.name, list.fields.enumerated().map { ($0.element, .value($0.offset)) })
        return NamedFact(
            FactDeclaration(
                name: list.name, type: .list(.record(record.type)), maximumEntries: list.rows),
            .recent(entity: entity, list: index, record.columns),
            meaning: meaning(list.meaning, record.type, record.columns))
    }

    /// Expressions name columns: which is which is part of what rows mean to them.
    private func meaning(
        _ rows: String, _ record: RecordType, _ columns: [RowColumn]
    ) -> String {
        let named = zip(record.fields, columns).map { "\($0.name): \($1)" }
        return "\(rows) with \(named.sorted())"
    }

    /// A list by class where all classes are known, so that those without events count as well.
    private func fact(of counts: CountsFeature, _ entity: Int) -> NamedFact {
        let classes = counts.classes == .magnitude ? nil : self.classes(of: counts)
        let type: ValueType =
            counts.classes == .magnitude
            ? .histogram : classes == nil ? .map(.int, .int) : .list(.int)
        return NamedFact(
            FactDeclaration(
                name: counts.name, type: type,
                unit: counts.classes == .magnitude && counts.field == .money ? .money : nil,
                maximumEntries: classes ?? 256),
            .counts(
                entity: entity, measure: counts.measure, tier: counts.tier, window: counts.window,
                lag: counts.lag, classes: classes), meaning: counts.meaning)
    }

    private func classes(of counts: CountsFeature) -> Int? {
        counts.maximumClasses <= Self.maximumListedClasses ? counts.maximumClasses : nil
    }
}
