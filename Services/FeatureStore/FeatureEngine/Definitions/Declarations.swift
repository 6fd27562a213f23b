/// Where something stands in a definition file. Lines and columns start at 1.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }
}

/// A name or text of a definition file and where it stands.
public struct Located<Value: Sendable>: Sendable {
    public let value: Value
    public let location: SourceLocation

    public init(_ value: Value, at location: SourceLocation) {
        self.value = value
        self.location = location
    }
}

/// One definition file as written: parsed, not yet checked.
public struct DefinitionFile: Sendable {
    public var package: Located<String>
    public var owner: String
    public var description: String
    public var sensitivity: String
    public var purposes: [String]
    public var baseCurrency: Located<String>
    public var entities: [EntityDeclaration] = []
    public var events: [EventDeclaration] = []
    public var aggregates: [AggregateDeclaration] = []
    public var derived: [DerivedDeclaration] = []
    public var vectors: [VectorDeclaration] = []

    public init(
        package: Located<String>, owner: String, description: String, sensitivity: String,
        purposes: [String], baseCurrency: Located<String>
    ) {
        self.package = package
        self.owner = owner
        self.description = description
        self.sensitivity = sensitivity
        self.purposes = purposes
        self.baseCurrency = baseCurrency
    }
}

/// `card: {short: card, key: card_id}`
public struct EntityDeclaration: Sendable {
    public let name: Located<String>
    /// Prefix of the entity's feature names.
    public let short: Located<String>
    public let key: Located<String>

    public init(name: Located<String>, short: Located<String>, key: Located<String>) {
        self.name = name
        self.short = short
        self.key = key
    }
}

/// One entity an event type touches: `account: {origin: account_id}`; the role of `card: card_id`
/// is empty.
public struct TouchDeclaration: Sendable {
    public let entity: Located<String>
    public let role: String
    public let field: Located<String>

    public init(entity: Located<String>, role: String, field: Located<String>) {
        self.entity = entity
        self.role = role
        self.field = field
    }
}

/// `amount: {type: money, range: [0, 100000]}`; the limits count in the field's stored unit.
public struct FieldDeclaration: Sendable {
    public let name: Located<String>
    public let type: Located<String>
    public let minimum: Int64?
    public let maximum: Int64?
    /// Longest text, in bytes.
    public let maximumLength: Int?
    public let isRequired: Bool

    public init(
        name: Located<String>, type: Located<String>, minimum: Int64? = nil, maximum: Int64? = nil,
        maximumLength: Int? = nil, isRequired: Bool = false
    ) {
        self.name = name
        self.type = type
        self.minimum = minimum
        self.maximum = maximum
        self.maximumLength = maximumLength
        self.isRequired = isRequired
    }
}

public struct EventDeclaration: Sendable {
    public let name: Located<String>
    /// How long after the event time an event may come, as in `7d`.
    public let maximumLateness: Located<String>
    public let touches: [TouchDeclaration]
    public let fields: [FieldDeclaration]

    public init(
        name: Located<String>, maximumLateness: Located<String>, touches: [TouchDeclaration],
        fields: [FieldDeclaration]
    ) {
        self.name = name
        self.maximumLateness = maximumLateness
        self.touches = touches
        self.fields = fields
    }
}

/// `amt_sum: {from: payment, sum: amount, windows: [1h, 24h]}` under an entity.
public struct AggregateDeclaration: Sendable {
    public let entity: Located<String>
    public let name: Located<String>
    public let event: Located<String>
    public let role: String
    public let aggregate: Aggregate
    /// Nil for a count.
    public let field: Located<String>?
    public let windows: [Located<String>]
    public let defaultIsMissing: Bool
    public let description: String

    public init(
        entity: Located<String>, name: Located<String>, event: Located<String>, role: String,
        aggregate: Aggregate, field: Located<String>?, windows: [Located<String>],
        defaultIsMissing: Bool, description: String
    ) {
        self.entity = entity
        self.name = name
        self.event = event
        self.role = role
        self.aggregate = aggregate
        self.field = field
        self.windows = windows
        self.defaultIsMissing = defaultIsMissing
        self.description = description
    }
}

/// `amount: {type: money, expr: 'tx.amount'}`
public struct DerivedDeclaration: Sendable {
    public let name: Located<String>
    public let type: Located<String>
    public let expression: Located<String>
    public let defaultIsMissing: Bool
    public let description: String

    public init(
        name: Located<String>, type: Located<String>, expression: Located<String>,
        defaultIsMissing: Bool, description: String
    ) {
        self.name = name
        self.type = type
        self.expression = expression
        self.defaultIsMissing = defaultIsMissing
        self.description = description
    }
}

/// One position of a vector: a feature, the name it is published under, and its scale.
public struct VectorEntry: Sendable {
    public let published: Located<String>
    public let feature: Located<String>
    /// Money in major units instead of minor ones.
    public let isMajor: Bool

    public init(published: Located<String>, feature: Located<String>, isMajor: Bool) {
        self.published = published
        self.feature = feature
        self.isMajor = isMajor
    }
}

public struct VectorDeclaration: Sendable {
    public let name: Located<String>
    public let version: UInt32
    public let purpose: String
    public let entries: [VectorEntry]

    public init(name: Located<String>, version: UInt32, purpose: String, entries: [VectorEntry]) {
        self.name = name
        self.version = version
        self.purpose = purpose
        self.entries = entries
    }
}
