public struct EventDeclaration: Sendable {
    public let name: Located<String>
    /// The field that is the event's id.
    public let id: Located<String>
    /// The field that is the event's time.
    public let time: Located<String>
    /// How long after the event time an event may come, as in `7d`.
    public let maximumLateness: Located<String>
    /// What becomes known later about another event.
    public let isLabel: Bool
    public let references: [ReferenceDeclaration]
    public let touches: [TouchDeclaration]
    public let fields: [FieldDeclaration]
    public let checks: [CheckDeclaration]

    public init(
        name: Located<String>, id: Located<String>, time: Located<String>,
        maximumLateness: Located<String>, isLabel: Bool = false,
        references: [ReferenceDeclaration] = [], touches: [TouchDeclaration] = [],
        fields: [FieldDeclaration] = [], checks: [CheckDeclaration] = []
    ) {
        self.name = name
        self.id = id
        self.time = time
        self.maximumLateness = maximumLateness
        self.isLabel = isLabel
        self.references = references
        self.touches = touches
        self.fields = fields
        self.checks = checks
    }
}

/// `refers_to: {payment: payment_id}`: the field names an earlier event of the type, whose keys and
/// fields the row takes over as `payment.amount`.
public struct ReferenceDeclaration: Sendable {
    public let event: Located<String>
    public let field: Located<String>

    public init(event: Located<String>, field: Located<String>) {
        self.event = event
        self.field = field
    }
}

/// One entity an event type touches: `account: {origin: account_id}`; the role of `card: card_id`
/// is empty.
public struct TouchDeclaration: Sendable {
    public let entity: Located<String>
    public let role: String
    /// The parts of the key, in the order of the entity's.
    public let fields: [Located<String>]

    public init(entity: Located<String>, role: String, fields: [Located<String>]) {
        self.entity = entity
        self.role = role
        self.fields = fields
    }
}

/// `amount: {type: money, range: [0, 100000]}`; the limits count in the field's stored unit.
public struct FieldDeclaration: Sendable {
    public let name: Located<String>
    /// A type, or the name of an enumeration.
    public let type: Located<String>
    public let minimum: Int64?
    public let maximum: Int64?
    /// Longest text, in bytes.
    public let maximumLength: Int?
    public let isRequired: Bool
    /// The class of personal data it is.
    public let personal: Located<String>?
    /// Not nil: the field is computed from others of its row.
    public let expression: Located<String>?

    public init(
        name: Located<String>, type: Located<String>, minimum: Int64? = nil, maximum: Int64? = nil,
        maximumLength: Int? = nil, isRequired: Bool = false, personal: Located<String>? = nil,
        expression: Located<String>? = nil
    ) {
        self.name = name
        self.type = type
        self.minimum = minimum
        self.maximum = maximum
        self.maximumLength = maximumLength
        self.isRequired = isRequired
        self.personal = personal
        self.expression = expression
    }
}

/// `{name: currency_known, require: 'amount_currency in L.currencies', policy: quarantine}`
public struct CheckDeclaration: Sendable {
    public let name: Located<String>
    public let expression: Located<String>
    public let policy: CheckPolicy

    public init(name: Located<String>, expression: Located<String>, policy: CheckPolicy) {
        self.name = name
        self.expression = expression
        self.policy = policy
    }
}

/// What becomes of an event that fails a check.
public enum CheckPolicy: String, Hashable, Sendable, CaseIterable {
    /// Applied, and named in the receipt.
    case flag
    /// Kept aside, not applied.
    case quarantine
    /// Not kept.
    case reject
}

/// `customer_profile: {entity: customer, max_age: 30d, fields: {…}}`: slow facts from a batch job.
public struct SnapshotDeclaration: Sendable {
    public let name: Located<String>
    public let entity: Located<String>
    /// Other entities that learn of it, as of an event.
    public let touches: [TouchDeclaration]
    /// Age after which a value is stale; nil is never.
    public let maximumAge: Located<String>?
    /// The bool field that says that a bound was hit: then all values are incomplete.
    public let incomplete: Located<String>?
    public let fields: [FieldDeclaration]

    public init(
        name: Located<String>, entity: Located<String>, touches: [TouchDeclaration] = [],
        maximumAge: Located<String>? = nil, incomplete: Located<String>? = nil,
        fields: [FieldDeclaration] = []
    ) {
        self.incomplete = incomplete
        self.name = name
        self.entity = entity
        self.touches = touches
        self.maximumAge = maximumAge
        self.fields = fields
    }
}
