internal import RuleLanguage

/// Works out what a union of vectors needs: features, then the facts of their expressions, then
/// what to read of each state.
struct VectorPlanCompiler {
    /// A feature of an entity in a role.
    private struct Read: Hashable {
        let feature: Int
        let role: String?
    }

    private let set: FeatureSet
    private let groups: [Group]
    private(set) var parts: [VectorPlan.Part] = []
    private(set) var scopes: [VectorPlan.Scope] = []
    private(set) var steps: [VectorPlan.Step] = []
    private(set) var vectors: [VectorPlan.Vector] = []
    private(set) var readsTokens = false
    private var places: [Read: VectorPlan.Place] = [:]
    private var roles: [EntityRole] = []
    /// Of each scope, where the facts of its program come from, by slot.
    private var sources: [[FactSource]] = []
    private var expressions: [Int: (scope: Int, expression: Int, condition: Int?)] = [:]

    init(_ set: FeatureSet, _ groups: [Group]) {
        self.set = set
        self.groups = groups
    }

    mutating func compile(_ vectors: [[VectorColumn]]) {
        let (reads, derived) = needs(vectors)
        makeScopes(derived)
        makeParts(reads)
        makeSteps(derived)
        self.vectors = vectors.map(makeVector)
    }

    private func derivation(_ feature: Int) -> Derivation? {
        if case .derived(let derivation) = set.features[feature].source { derivation } else { nil }
    }

    /// Features of states, and derived features in order of dependence.
    private func needs(_ vectors: [[VectorColumn]]) -> (reads: Set<Read>, derived: [Int]) {
        var reads: Set<Read> = []
        var derived: Set<Int> = []
        var open = vectors.flatMap { columns in
            columns.map { Read(feature: $0.feature, role: nil) }
        }
        while let next = open.popLast() {
            guard let derivation = derivation(next.feature) else {
                reads.insert(next)
                continue
            }
            guard derived.insert(next.feature).inserted else { continue }
            for slot in derivation.facts {
                if case .feature(let feature) = set.sources[slot] {
                    open.append(Read(feature: feature, role: derivation.role))
                }
            }
        }
        return (reads, set.order.filter(derived.contains))
    }

    // MARK: Scopes

    /// Programs over no more facts than their expressions read, so that frames are small.
    private mutating func makeScopes(_ derived: [Int]) {
        let byRole = Dictionary(grouping: derived) { derivation($0)?.role ?? "" }
        for role in byRole.keys.sorted() {
            let own = byRole[role] ?? []
            let used = Set(own.flatMap { derivation($0)?.facts ?? [] }).sorted()
            sources.append(used.map { set.sources[$0] })
            let schema = FactSchema(used.map { set.schema.facts[$0] })
            var builder = ProgramBuilder(
                environment: set.constants.environment(schema, offset: "tx.utc_offset"))
            for feature in own {
                guard let derivation = derivation(feature) else { continue }
                do {
                    expressions[feature] = (
                        scopes.count, try builder.addExpression(derivation.expression),
                        try derivation.condition.map { try builder.addCondition($0) }
                    )
                } catch {
                    preconditionFailure("an expression that compiled among all facts does so here")
                }
            }
            var scope = VectorPlan.Scope(role: role.isEmpty ? nil : role, program: builder.build())
            for (slot, source) in sources[scopes.count].enumerated() {
                switch source {
                case .eventTime, .field:
                    scope.eventFacts.append((slot, source, schema.facts[slot].name))
                default: continue
                }
                readsTokens = readsTokens || schema.facts[slot].type.holdsTokens
            }
            readsTokens = readsTokens || schema.facts.contains { $0.type.holdsTokens }
            scopes.append(scope)
        }
    }

    // MARK: States

    private mutating func makeParts(_ reads: Set<Read>) {
        var features: [EntityRole: [Int]] = [:]
        for read in reads {
            guard case .state(let entity, _) = set.features[read.feature].source else { continue }
            features[EntityRole(entity, role: read.role), default: []].append(read.feature)
        }
        var needed = Set(features.keys)
        for (scope, sources) in zip(scopes, sources) {
            for entity in sources.compactMap(\.entity) {
                needed.insert(EntityRole(entity, role: scope.role))
            }
        }
        roles = needed.sorted()
        precondition(roles.count <= VectorPlan.maximumParts)
        for role in roles {
            let own = (features[role] ?? []).sorted()
            for (position, feature) in own.enumerated() {
                places[Read(feature: feature, role: role.role)] = .state(parts.count, position)
            }
            let scope = scopes.firstIndex { $0.role == role.role }
            parts.append(
                VectorPlan.Part(
                    role,
                    own.compactMap { feature in
                        guard case .state(_, let read) = set.features[feature].source else {
                            return nil
                        }
                        return read
                    }, groups[role.entity], scope: scope ?? 0,
                    facts: scope.map { facts(of: role.entity, in: $0) } ?? VectorPlan.StateFacts()))
        }
    }

    private func facts(of entity: Int, in scope: Int) -> VectorPlan.StateFacts {
        var facts = VectorPlan.StateFacts()
        let uses = Dictionary(
            grouping: scopes[scope].program.expressions.flatMap(\.rowsRead), by: \.slot)
        for (slot, source) in sources[scope].enumerated() where source.entity == entity {
            facts.slots.append(slot)
            switch source {
            case .readTime, .feature, .eventTime, .field: continue
            case .register(_, let register, let column):
                let known = facts.registers.firstIndex { $0.register == register }
                if known == nil {
                    facts.registers.append(VectorPlan.RegisterFacts(register: register))
                }
                facts.registers[known ?? facts.registers.count - 1].columns.append((slot, column))
            case .table(_, let table, let columns):
                let (key, newest) = need(uses[slot] ?? [], scope)
                facts.lists.append(
                    VectorPlan.ListFact(
                        slot: slot, isTable: true, position: table, columns: columns, key: key,
                        newest: newest))
            case .recent(_, let list, let columns):
                facts.lists.append(
                    VectorPlan.ListFact(
                        slot: slot, isTable: false, position: list, columns: columns, key: nil,
                        newest: need(uses[slot] ?? [], scope).newest))
            case .counts:
                facts.counts.append(VectorPlan.CountsFact(slot: slot, source: source))
            }
        }
        return facts
    }

    /// The one key that all look-ups ask for, if they do; and how many of the newest rows.
    private func need(_ uses: [RowsRead], _ scope: Int) -> (key: [Int?]?, newest: Int) {
        let keys = Set(uses.map { if case .row(let key) = $0.use { key } else { -1 } })
        if let key = keys.first, keys.count == 1, key >= 0,
            case .field(let fields) = sources[scope][key]
        {
            return (fields, .max)
        }
        let newest = uses.map { if case .newest(let count) = $0.use { count } else { Int.max } }
        return (nil, newest.max() ?? .max)
    }

    // MARK: Computation

    private mutating func makeSteps(_ derived: [Int]) {
        let computed = derived.filter { expressions[$0] != nil }
        for (step, feature) in computed.enumerated() {
            places[Read(feature: feature, role: nil)] = .derived(step)
        }
        let targets = makeTargets()
        for (step, feature) in computed.enumerated() {
            guard let (scope, expression, condition) = expressions[feature] else { continue }
            let own = scopes[scope].program.expressions
            let compiled = [own[expression]] + (condition.map { [own[$0]] } ?? [])
            let facts = Set(compiled.flatMap(\.factsRead)).sorted()
            let sources = sources[scope]
            let rows = Dictionary(grouping: compiled.flatMap(\.rowsRead), by: \.slot)
            steps.append(
                VectorPlan.Step(
                    scope: scope, expression: expression, condition: condition,
                    defaultValue: set.features[feature].defaultValue,
                    inputs: facts.filter { sources[$0] != .readTime }.map { slot in
                        VectorPlan.Input(
                            slot: slot,
                            ignoresBound: (rows[slot] ?? []).allSatisfy {
                                isWithin(limit(sources[slot]), $0.use)
                            })
                    },
                    time: facts.first { sources[$0] == .readTime },
                    parts: mask(of: feature), targets: targets[step] ?? []))
        }
    }

    /// Says which features are facts: of each step the slots that hold its value.
    private mutating func makeTargets() -> [Int: [VectorPlan.Target]] {
        var targets: [Int: [VectorPlan.Target]] = [:]
        for scope in scopes.indices {
            for (slot, source) in sources[scope].enumerated() {
                guard case .feature(let feature) = source else { continue }
                if case .derived(let step) = places[Read(feature: feature, role: nil)] {
                    targets[step, default: []].append(
                        VectorPlan.Target(scope: scope, slot: slot))
                } else if let place = places[Read(feature: feature, role: scopes[scope].role)] {
                    scopes[scope].featureFacts.append((slot, place))
                }
            }
        }
        return targets
    }

    private func isWithin(_ limit: Int, _ use: RowsRead.Use) -> Bool {
        if case .newest(let count) = use { count <= limit } else { false }
    }

    /// The most rows of a table or list.
    private func limit(_ source: FactSource) -> Int {
        switch source {
        case .table(let entity, let table, _): groups[entity].tables[table].rows
        case .recent(let entity, let list, _): groups[entity].recents[list].rows
        default: .max
        }
    }

    private func mask(of feature: Int) -> UInt64 {
        set.entities(of: feature).reduce(into: 0) { mask, entity in
            if let part = roles.firstIndex(of: entity) { mask |= 1 << UInt64(part) }
        }
    }

    private func makeVector(_ columns: [VectorColumn]) -> VectorPlan.Vector {
        VectorPlan.Vector(
            columns: columns.compactMap(makeColumn),
            parts: columns.reduce(0) { $0 | mask(of: $1.feature) })
    }

    private func makeColumn(_ column: VectorColumn) -> VectorPlan.Column? {
        guard let place = places[Read(feature: column.feature, role: nil)] else { return nil }
        let feature = set.features[column.feature]
        return VectorPlan.Column(
            place: place, divisor: column.divisor,
            defaultValue: column.defaultValue ?? feature.defaultValue / column.divisor,
            emptyIsDefault: emptyIsDefault(feature))
    }

    /// That a value is new is true of an entity without events: 1, whatever the default.
    private func emptyIsDefault(_ feature: Feature) -> Bool {
        if case .state(_, .attribute(let read)) = feature.source {
            read.aspect != .isNew
        } else {
            true
        }
    }
}
