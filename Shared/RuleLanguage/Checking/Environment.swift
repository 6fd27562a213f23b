/// A fact that expressions may read, or a field of a record.
public struct FactDeclaration: Sendable, Hashable {
    /// Entries assumed of a list or map that declares no bound.
    public static let assumedEntries = 64

    public var name: String
    public var type: ValueType
    /// What a number counts.
    public var unit: Unit?
    /// Most entries of a list or map, for the bound on an expression's cost.
    public var maximumEntries: Int

    public init(
        name: String, type: ValueType, unit: Unit? = nil,
        maximumEntries: Int = FactDeclaration.assumedEntries
    ) {
        self.name = name
        self.type = type
        self.unit = unit
        self.maximumEntries = maximumEntries
    }

    public init(name: String, type: ValueType, isMoney: Bool) {
        self.init(name: name, type: type, unit: isMoney ? .money : nil)
    }

    public var isMoney: Bool { unit == .money }
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

/// A value that rule authors tune, read as `P.name`; its value is compiled in. A map with the key
/// `*` has that entry for all keys that it does not name.
public struct Parameter: Sendable, Hashable {
    public var value: Constant
    public var unit: Unit?

    public init(value: Constant, unit: Unit? = nil) {
        self.value = value
        self.unit = unit
    }

    public init(value: Constant, isMoney: Bool) {
        self.init(value: value, unit: isMoney ? .money : nil)
    }

    public var isMoney: Bool { unit == .money }
}

/// What an expression may speak of: facts, parameters (`P.x`) and named lists of texts (`L.x`).
public struct RuleEnvironment: Sendable {
    public var facts: FactSchema
    public var parameters: [String: Parameter]
    public var lists: [String: TextSet]
    public var zones: ZoneTable
    /// The timestamp fact that `days_since` and its like count to: the time of reading.
    public var readTime = "t"
    /// The int fact with the minutes that local time is ahead of UTC; 0 where it is missing.
    public var utcOffset = "tx.utc_offset"

    public init(
        facts: FactSchema, parameters: [String: Parameter] = [:], lists: [String: TextSet] = [:],
        zones: ZoneTable = ZoneTable()
    ) {
        self.facts = facts
        self.parameters = parameters
        self.lists = lists
        self.zones = zones
    }

    var names: [String] {
        facts.facts.map(\.name) + parameters.keys.map { "P." + $0 } + lists.keys.map { "L." + $0 }
    }
}

/// How strictly expressions are checked. The second and third exist for conformance with CEL.
public enum Dialect: Sendable {
    /// Everything is typed, units agree, nesting of macros is bounded.
    case rules
    /// As CEL checks: lists and maps may be mixed, `dyn()` hides a type.
    case cel
    /// Nothing is refused: what does not fit is an error value when it is evaluated.
    case unchecked
}
