internal import RuleLanguage

/// All features of a definition set, checked.
public struct FeatureSet: Sendable {
    public let features: [Feature]
    /// Derived features, each after those it reads.
    let order: [Int]
    let schema: FactSchema
    /// Of each fact.
    let sources: [FactSource]
    let constants: ExpressionConstants
    private let positions: [String: Int]

    init(
        features: [Feature], aliases: [String: Int], order: [Int], schema: FactSchema,
        sources: [FactSource], constants: ExpressionConstants
    ) {
        self.features = features
        self.order = order
        self.schema = schema
        self.sources = sources
        self.constants = constants
        positions = Dictionary(
            features.enumerated().map { ($0.element.name, $0.offset) },
            uniquingKeysWith: { first, _ in first }
        ).merging(aliases) { own, _ in own }
    }

    public func feature(named name: String) -> Int? { positions[name] }

    /// Of all features, also the shorter ones that find them.
    var names: some Sequence<String> { positions.keys }

    /// Entities whose states a feature reads, also through others.
    public func entities(of feature: Int) -> Set<EntityRole> {
        switch features[feature].source {
        case .state(let entity, _): [EntityRole(entity)]
        case .derived(let derivation): derivation.entities
        }
    }

    /// Fields of an event type whose hashes are held against those that states have: the value at
    /// hand of an attribute, the key of a row, a text that an expression reads beside a stored one.
    public func fieldsComparedWithStates(ofEvent event: Int) -> Set<Int> {
        var fields: Set<Int> = []
        for feature in features {
            switch feature.source {
            case .state(_, .attribute(let read)):
                if event < read.argument.count, let field = read.argument[event] {
                    fields.insert(field)
                }
            case .state: continue
            case .derived(let derivation):
                let facts = derivation.facts
                guard facts.contains(where: { schema.facts[$0].type.holdsTokens }) else { continue }
                for case .field(let positions) in facts.map({ sources[$0] }) {
                    if event < positions.count, let field = positions[event] {
                        fields.insert(field)
                    }
                }
            }
        }
        return fields
    }
}

extension ValueType {
    /// Whether it is, or has, a text of which only the keyed hash is known.
    var holdsTokens: Bool {
        switch self {
        case .token: true
        case .list(.record(let record)): record.fields.contains { $0.type == .token }
        default: false
        }
    }
}

/// Something that the expression of a derived feature reads.
public struct FeatureInput: Sendable {
    /// As the expression names it.
    public let name: String
    public let source: FactSource
    /// Not nil: of the entity in this role.
    public let role: String?
}

extension FeatureSet {
    /// What a derived feature reads, each once, in the order of its expression; of one that a state
    /// holds nothing.
    public func inputs(of feature: Int) -> [FeatureInput] {
        guard case .derived(let derivation) = features[feature].source else { return [] }
        return derivation.facts.map { slot in
            FeatureInput(
                name: schema.facts[slot].name, source: sources[slot], role: derivation.role)
        }
    }
}

extension Digest {
    static func hexadecimal(of text: String) -> String {
        sha256(text).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
