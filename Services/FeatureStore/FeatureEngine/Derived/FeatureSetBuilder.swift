public import RuleLanguage

/// What a definition set declares of a derived feature.
public struct DerivedFeature: Sendable {
    public let name: Located<String>
    public let expression: Located<String>
    /// Not nil: where this is false, there is nothing to say, and the value is empty.
    public let condition: Located<String>?
    public let type: ValueType
    /// Of a money feature it is `money`; others take that of their expression.
    public let unit: Unit?
    /// Not nil: the states it reads are those of the entities in this role.
    public let role: String?
    public let defaultValue: Double

    public init(
        name: Located<String>, expression: Located<String>, condition: Located<String>? = nil,
        type: ValueType, unit: Unit? = nil, role: String? = nil, defaultValue: Double
    ) {
        self.condition = condition
        self.role = role
        self.name = name
        self.expression = expression
        self.type = type
        self.unit = unit
        self.defaultValue = defaultValue
    }
}

/// Checks derived features against everything that they may name: the event at hand (`tx.amount`,
/// or `payment.type` where event types differ), features, registers and snapshots
/// (`last_payment.amount`), tables and recent lists, counts, `L.`, `P.`, and `t`.
public struct FeatureSetBuilder {
    private let constants: ExpressionConstants
    private var facts: [FactDeclaration] = []
    private var sources: [FactSource] = []
    private var meanings: [String] = []
    private var features: [Feature] = []
    private(set) var derived: [DerivedFeature] = []
    /// Fields that event types declare differently, with the names to write instead.
    private(set) var ambiguous: [String: [String]] = [:]
    /// Those fields, under these names. A snapshot is a register as well, which goes first.
    private var qualified: [NamedFact] = []
    /// Facts of states under the names of their entities: `card.last_payment.amount`.
    private var owned: [NamedFact] = []
    /// By name of a fact, what the states of entities have under it.
    private(set) var owners: [String: [String]] = [:]
    /// Shorter names of features; nil if several have it.
    private var aliases: [String: Int?] = [:]
    public internal(set) var problems: [DefinitionProblem] = []

    public init(constants: ExpressionConstants) {
        self.constants = constants
        add(NamedFact(FactDeclaration(name: "t", type: .timestamp), .readTime, meaning: "t"))
        add(
            NamedFact(
                FactDeclaration(name: "tx.time", type: .timestamp), .eventTime, meaning: "tx.time"))
    }

    /// Adds what the states of an entity have: under its own name, which may be that of something
    /// else, too, and behind the name of the entity.
    public mutating func add(_ fact: NamedFact, of entity: String) {
        let name = fact.declaration.name
        var declaration = fact.declaration
        declaration.name = "\(entity).\(name)"
        owners[name, default: []].append(declaration.name)
        owned.append(NamedFact(declaration, fact.source, meaning: fact.meaning))
        add(fact)
    }

    public mutating func add(_ fact: NamedFact) {
        facts.append(fact.declaration)
        sources.append(fact.source)
        meanings.append(fact.meaning)
    }

    /// Adds the fields of all event types.
    public mutating func add(_ events: [EventScope]) {
        struct Place {
            let event: Int
            let position: Int
            let fact: FactDeclaration
        }
        var declared: [String: [Place]] = [:]
        for (number, event) in events.enumerated() {
            for (position, field) in event.fields.enumerated() {
                declared[field.name, default: []].append(
                    Place(event: number, position: position, fact: field))
            }
        }
        for name in declared.keys.sorted() where name != "time" {
            let all = declared[name] ?? []
            guard let first = all.first else { continue }
            if all.allSatisfy({ $0.fact == first.fact }) {
                add(Self.fact("tx.\(name)", first.fact, positions(all), meaning(first)))
                continue
            }
            ambiguous["tx.\(name)"] = all.map { "\(events[$0.event].name).\(name)" }
            for place in all {
                qualified.append(
                    Self.fact(
                        "\(events[place.event].name).\(name)", place.fact, positions([place]),
                        meaning(place)))
            }
        }
        func positions(_ places: [Place]) -> [Int?] {
            var positions = [Int?](repeating: nil, count: events.count)
            for place in places { positions[place.event] = place.position }
            return positions
        }
        func meaning(_ place: Place) -> String? {
            let meanings = events[place.event].meanings
            return place.position < meanings.count ? meanings[place.position] : nil
        }
    }

    private static func fact(
        _ name: String, _ declared: FactDeclaration, _ positions: [Int?], _ meaning: String?
    ) -> NamedFact {
        var fact = declared
        fact.name = name
        return NamedFact(
            fact, .field(positions),
            meaning: meaning ?? "\(name) \(fact.type) \(fact.unit?.rawValue ?? "")")
    }

    /// Adds a feature that is read from a state.
    ///
    /// - Parameter alias: a shorter name that finds it, too, if nothing else has that name.
    public mutating func add(
        _ name: String, alias: String? = nil, entity: Int, _ read: FeatureRead, type: ValueType,
        unit: Unit? = nil, meaning: String
    ) {
        addFact(of: name, type, unit, Self.meaning(meaning, default: read.defaultValue))
        if let alias { aliases[alias] = aliases[alias] == nil ? features.count : .some(nil) }
        features.append(
            Feature(
                name: name, type: type, unit: unit, defaultValue: read.defaultValue,
                source: .state(entity: entity, read), meaning: meaning))
    }

    /// Adds a derived feature; its expression may name those added after it.
    public mutating func add(_ feature: DerivedFeature) { derived.append(feature) }

    private mutating func addFact(
        of feature: String, _ type: ValueType, _ unit: Unit?, _ meaning: String
    ) {
        let declaration = FactDeclaration(name: feature, type: type, unit: unit)
        add(NamedFact(declaration, .feature(features.count), meaning: meaning))
    }

    // MARK: Building

    /// What was added, as far as it is right; ``problems`` says what is not.
    public mutating func build() -> FeatureSet {
        addQualified()
        let aliases = unambiguousAliases()
        let firstDerived = features.count
        let firstFact = facts.count
        for (index, feature) in derived.enumerated() {
            add(
                NamedFact(
                    FactDeclaration(
                        name: feature.name.value, type: feature.type, unit: feature.unit),
                    .feature(firstDerived + index), meaning: ""))
        }
        guard facts.count <= FactSchema.maximumFacts else {
            if let first = derived.first {
                report(
                    "expressions may name \(FactSchema.maximumFacts) facts; there are"
                        + " \(facts.count)", at: first.name.location)
            }
            return FeatureSet(
                features: features, aliases: [:], order: [], schema: FactSchema([]), sources: [],
                constants: constants)
        }
        let schema = FactSchema(facts)
        let compiled = compile(schema)
        let order = sort(compiled.map { $0?.factsRead.compactMap(derivedFeature) ?? [] })
        var entities = [Set<EntityRole>](repeating: [], count: derived.count)
        var texts = [String](repeating: "", count: derived.count)
        for index in order {
            let read = compiled[index]?.factsRead ?? []
            for slot in read {
                entities[index].formUnion(
                    entitiesRead(slot, derived[index].role, firstDerived, entities))
            }
            texts[index] = meaning(of: derived[index], read, texts, firstFact, schema)
        }
        reportAmbiguous(compiled, schema)
        for (index, feature) in derived.enumerated() {
            let derivation = Derivation(
                expression: feature.expression.value, condition: feature.condition?.value,
                role: feature.role,
                facts: compiled[index]?.factsRead ?? [], entities: entities[index])
            features.append(
                Feature(
                    name: feature.name.value, type: feature.type,
                    unit: feature.unit ?? compiled[index]?.expression.unit,
                    defaultValue: feature.defaultValue, source: .derived(derivation),
                    meaning: texts[index]))
        }
        return FeatureSet(
            features: features, aliases: aliases, order: order.map { $0 + firstDerived },
            schema: schema,
            sources: sources, constants: constants)

        func derivedFeature(_ slot: Int) -> Int? {
            slot >= firstFact ? slot - firstFact : nil
        }
    }

    /// Adds the longer names, as far as nothing else has them.
    private mutating func addQualified() {
        var taken = Set(facts.map(\.name) + derived.map(\.name.value))
        for fact in owned + qualified where taken.insert(fact.declaration.name).inserted {
            add(fact)
        }
    }

    /// Makes facts of the short names that stand for one feature and nothing else.
    private mutating func unambiguousAliases() -> [String: Int] {
        let taken = Set(facts.map(\.name) + derived.map(\.name.value))
        let free = aliases.compactMapValues { $0 }.filter { !taken.contains($0.key) }
        for (alias, index) in free.sorted(by: { $0.key < $1.key }) {
            let feature = features[index]
            add(
                NamedFact(
                    FactDeclaration(name: alias, type: feature.type, unit: feature.unit),
                    .feature(index),
                    meaning: Self.meaning(feature.meaning, default: feature.defaultValue)))
        }
        return free
    }

    /// A derived feature keeps its own role, whoever reads it.
    private func entitiesRead(
        _ slot: Int, _ role: String?, _ firstDerived: Int, _ known: [Set<EntityRole>]
    ) -> Set<EntityRole> {
        switch sources[slot] {
        case .feature(let feature) where feature >= firstDerived:
            return known[feature - firstDerived]
        case .feature(let feature):
            guard case .state(let entity, _) = features[feature].source else { return [] }
            return [EntityRole(entity, role: role)]
        default: return sources[slot].entity.map { [EntityRole($0, role: role)] } ?? []
        }
    }

    /// What is read where there is nothing is part of what an input means to an expression.
    private static func meaning(_ feature: String, default value: Double) -> String {
        "\(feature) default \(value.bitPattern)"
    }

    /// The expression and the meaning of what it reads: another name of that changes nothing.
    private func meaning(
        of feature: DerivedFeature, _ facts: [Int], _ texts: [String], _ firstFact: Int,
        _ schema: FactSchema
    ) -> String {
        func meaning(_ slot: Int) -> String {
            guard slot >= firstFact else { return meanings[slot] }
            let input = derived[slot - firstFact]
            return Self.meaning(
                Digest.hexadecimal(of: texts[slot - firstFact]), default: input.defaultValue)
        }
        // In the order in which they occur; two names of one thing are one.
        var inputs: [String] = []
        func name(_ slot: Int) -> String {
            let input = meaning(slot)
            let known = inputs.firstIndex(of: input)
            if known == nil { inputs.append(input) }
            return "$\(known ?? inputs.count - 1)"
        }
        let builder = ProgramBuilder(
            environment: constants.environment(schema, offset: "tx.utc_offset"))
        func text(_ source: Located<String>) -> String {
            (try? builder.canonicalText(of: source.value, naming: name)) ?? source.value
        }
        let expression = text(feature.expression)
        let condition = feature.condition.map { " when \(text($0))" } ?? ""
        // Functions read some that the text does not name: the time, the offset from UTC.
        let unnamed = Set(facts.map(meaning)).subtracting(inputs).sorted()
        return "derived \(feature.type) \(feature.unit?.rawValue ?? "") \(feature.role ?? "")"
            + " \(expression)\(condition) \(inputs) \(unnamed)"
    }

    /// What a feature was compiled to.
    struct Compiled {
        let expression: CompiledExpression
        let condition: CompiledExpression?

        /// Slots of all facts that it reads, each once.
        var factsRead: [Int] {
            let own = expression.factsRead
            return own + (condition?.factsRead ?? []).filter { !own.contains($0) }
        }
    }

    /// Nil for a feature with a problem.
    private mutating func compile(_ schema: FactSchema) -> [Compiled?] {
        var builder = ProgramBuilder(
            environment: constants.environment(schema, offset: "tx.utc_offset"))
        let numbers = derived.map { feature in
            let expression = compile(feature.expression) { () throws(CompilationFailure) in
                try builder.addExpression(feature.expression.value)
            }
            let condition = feature.condition.map { condition in
                compile(condition) { () throws(CompilationFailure) in
                    try builder.addCondition(condition.value)
                }
            }
            return (expression: expression, condition: condition)
        }
        let program = builder.build()
        return zip(derived, numbers).map { feature, numbers in
            guard let number = numbers.expression else { return nil }
            let expression = program.expressions[number]
            checkType(of: expression, feature)
            guard let condition = numbers.condition else {
                return Compiled(expression: expression, condition: nil)
            }
            return condition.map {
                Compiled(expression: expression, condition: program.expressions[$0])
            }
        }
    }

    /// Nil, and reported, for a text with a problem.
    private mutating func compile(
        _ text: Located<String>, _ add: () throws(CompilationFailure) -> Int
    ) -> Int? {
        do {
            return try add()
        } catch {
            for diagnostic in error.diagnostics { report(diagnostic, in: text) }
            return nil
        }
    }
}
