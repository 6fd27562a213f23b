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
    private var derived: [DerivedFeature] = []
    /// Fields that event types declare differently, with the names to write instead.
    private var ambiguous: [String: [String]] = [:]
    /// Those fields, under these names. A snapshot is a register as well, which goes first.
    private var qualified: [NamedFact] = []
    /// Shorter names of features; nil if several have it.
    private var aliases: [String: Int?] = [:]
    public private(set) var problems: [DefinitionProblem] = []

    public init(constants: ExpressionConstants) {
        self.constants = constants
        add(NamedFact(FactDeclaration(name: "t", type: .timestamp), .readTime, meaning: "t"))
        add(
            NamedFact(
                FactDeclaration(name: "tx.time", type: .timestamp), .eventTime, meaning: "tx.time"))
    }

    public mutating func add(_ fact: NamedFact) {
        facts.append(fact.declaration)
        sources.append(fact.source)
        meanings.append(fact.meaning)
    }

    /// Adds the fields of all event types.
    public mutating func add(_ events: [EventScope]) {
        var positions: [String: [Int?]] = [:]
        var declared: [String: [(event: Int, fact: FactDeclaration)]] = [:]
        for (number, event) in events.enumerated() {
            for (position, field) in event.fields.enumerated() {
                positions[field.name, default: events.map { _ in nil }][number] = position
                declared[field.name, default: []].append((number, field))
            }
        }
        for name in declared.keys.sorted() where name != "time" {
            let all = declared[name] ?? []
            let own = positions[name] ?? []
            if let first = all.first?.fact, all.allSatisfy({ $0.fact == first }) {
                let meaning = all.first.flatMap { meaning(name, events[$0.event], first) }
                add(Self.fact("tx.\(name)", first, own, meaning))
                continue
            }
            ambiguous["tx.\(name)"] = all.map { "\(events[$0.event].name).\(name)" }
            for (event, fact) in all {
                let positions = own.indices.map { $0 == event ? own[$0] : nil }
                qualified.append(
                    Self.fact(
                        "\(events[event].name).\(name)", fact, positions,
                        meaning(name, events[event], fact)))
            }
        }
        func meaning(_ name: String, _ event: EventScope, _ fact: FactDeclaration) -> String? {
            let position = event.fields.firstIndex { $0.name == name }
            return position.flatMap { $0 < event.meanings.count ? event.meanings[$0] : nil }
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
        addFact(of: name, type, unit, meaning)
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
        for fact in qualified { add(fact) }
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
            texts[index] = meaning(of: derived[index], read, texts, firstFact)
        }
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

    /// Makes facts of the short names that stand for one feature and nothing else.
    private mutating func unambiguousAliases() -> [String: Int] {
        let taken = Set(facts.map(\.name) + derived.map(\.name.value))
        let free = aliases.compactMapValues { $0 }.filter { !taken.contains($0.key) }
        for (alias, index) in free.sorted(by: { $0.key < $1.key }) {
            let feature = features[index]
            add(
                NamedFact(
                    FactDeclaration(name: alias, type: feature.type, unit: feature.unit),
                    .feature(index), meaning: feature.meaning))
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

    /// The expression and the meaning of what it reads: another name of that changes nothing.
    private func meaning(
        of feature: DerivedFeature, _ facts: [Int], _ derived: [String], _ firstFact: Int
    ) -> String {
        let inputs = facts.map { slot in
            slot < firstFact
                ? meanings[slot] : Digest.hexadecimal(of: derived[slot - firstFact])
        }
        let condition = feature.condition.map { " when \($0.value)" } ?? ""
        return "derived \(feature.type) \(feature.unit?.rawValue ?? "") \(feature.role ?? "")"
            + " \(feature.expression.value)\(condition) \(inputs)"
    }

    /// What a feature was compiled to.
    private struct Compiled {
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

// MARK: - Checks

extension FeatureSetBuilder {
    private mutating func report(_ message: String, at location: SourceLocation) {
        problems.append(DefinitionProblem(message, at: location))
    }

    private mutating func report(_ diagnostic: Diagnostic, in text: Located<String>) {
        var message = diagnostic.message
        if let names = ambiguous.first(where: { message.contains("'\($0.key)'") }) {
            message =
                "event types declare '\(names.key)' differently; write "
                + names.value.joined(separator: " or ")
        }
        problems.append(DefinitionProblem(message, at: text.place(of: diagnostic)))
    }

    private mutating func checkType(
        of expression: CompiledExpression, _ feature: DerivedFeature
    ) {
        let found = expression.type
        let fits =
            switch (feature.type, found) {
            case (.int, .int): feature.unit == .money || expression.unit != .money
            case (.double, .int), (.double, .double), (.bool, .bool), (_, .any): true
            // The code of a category, which is what a vector holds.
            case (.int, .category): true
            case (.category(let a), .category(let b)): a == b
            default: false
            }
        let isMoney = feature.unit == .money
        guard fits, !isMoney || expression.unit == nil || expression.unit == .money else {
            let declared = isMoney ? "money" : "\(feature.type)"
            let unit = expression.unit.map { "\($0.rawValue) (\(found))" } ?? "\(found)"
            let advice =
                found == .int && expression.unit == .money
                ? "; write type: money, or int(…) around the expression" : ""
            report(
                "\"\(feature.name.value)\" is declared as \(declared), its expression is"
                    + " \(unit)\(advice)", at: feature.expression.location)
            return
        }
    }

    /// Positions of derived features, each after those it reads; one in a circle is reported.
    private mutating func sort(_ reads: [[Int]]) -> [Int] {
        enum Mark { case unseen, open, done }
        var marks = [Mark](repeating: .unseen, count: reads.count)
        var order: [Int] = []
        // By hand, not by recursion: a chain may be as long as there are features.
        for start in reads.indices where marks[start] == .unseen {
            var path: [(feature: Int, next: Int)] = [(start, 0)]
            marks[start] = .open
            while let (feature, next) = path.last {
                guard next < reads[feature].count else {
                    marks[feature] = .done
                    order.append(feature)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let read = reads[feature][next]
                switch marks[read] {
                case .done: continue
                case .unseen:
                    marks[read] = .open
                    path.append((read, 0))
                case .open:
                    let circle = path.map(\.feature).drop { $0 != read } + [read]
                    report(
                        "a feature depends on itself: "
                            + circle.map { derived[$0].name.value }.joined(separator: " → "),
                        at: derived[feature].expression.location)
                }
            }
        }
        return order
    }
}

extension Located where Value == String {
    /// Where a diagnostic about this text lies in its file, if the text is written in one line.
    func place(of diagnostic: Diagnostic) -> SourceLocation {
        guard diagnostic.span.line == 1 else { return location }
        return location.advanced(by: diagnostic.span.column - 1)
    }
}
