/// A fact that expressions may read: its name, type, and whether it is money in minor units.
public struct FactDeclaration: Sendable, Hashable {
    public var name: String
    public var type: ValueType
    public var isMoney: Bool

    public init(name: String, type: ValueType, isMoney: Bool = false) {
        self.name = name
        self.type = type
        self.isMoney = isMoney
    }
}

/// The declared facts in a fixed order: a fact's position is its slot in every frame.
public struct FactSchema: Sendable {
    public static let maximumFacts = 4_096

    public let facts: [FactDeclaration]
    private let slots: [String: Int]

    /// Of facts with the same name only the first can be found.
    public init(_ facts: [FactDeclaration]) {
        precondition(facts.count <= Self.maximumFacts, "too many facts")
        self.facts = facts
        slots = Dictionary(
            facts.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { a, _ in a }
        )
    }

    public var count: Int { facts.count }

    public func slot(of name: String) -> Int? { slots[name] }
}

/// A value that rule authors tune, read as `P.name`; its value is compiled in.
public struct Parameter: Sendable, Hashable {
    public var value: Constant
    public var isMoney: Bool

    public init(value: Constant, isMoney: Bool = false) {
        self.value = value
        self.isMoney = isMoney
    }
}

/// What an expression may speak of: facts, parameters (`P.x`) and named lists of texts (`L.x`).
public struct RuleEnvironment: Sendable {
    public var facts: FactSchema
    public var parameters: [String: Parameter]
    public var lists: [String: TextSet]

    public init(
        facts: FactSchema, parameters: [String: Parameter] = [:], lists: [String: TextSet] = [:]
    ) {
        self.facts = facts
        self.parameters = parameters
        self.lists = lists
    }

    var names: [String] {
        facts.facts.map(\.name) + parameters.keys.map { "P." + $0 } + lists.keys.map { "L." + $0 }
    }
}
