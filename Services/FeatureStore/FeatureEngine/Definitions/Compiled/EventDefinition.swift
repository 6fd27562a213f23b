/// What a field of an event holds.
public enum FieldType: String, Hashable, Sendable, CaseIterable {
    case string, int, money, double, bool, timestamp, date, place
    /// One of an enumeration's labels; written by the enumeration's name.
    case category

    /// How the engine holds it.
    public var kind: ValueKind {
        switch self {
        case .string: .hash
        case .int, .money: .integer
        case .double: .double
        case .bool: .flag
        case .timestamp, .date: .time
        case .place: .place
        case .category: .code
        }
    }

    /// Whether it can be added up.
    var isAddable: Bool { self == .int || self == .money || self == .bool }
    /// Whether it has a greatest value.
    var isOrdered: Bool { isAddable || self == .timestamp || self == .date }
}

public struct FieldDefinition: Hashable, Sendable {
    /// Where the value of a field comes from.
    public enum Origin: Hashable, Sendable {
        /// The caller gives it.
        case given
        /// The event's own id, or its time.
        case identifier, time
        /// ISO 4217 code of the money field at a position, as the caller gave it.
        case currency(of: Int)
        /// Amount of the money field at a position in minor units of that currency.
        case original(of: Int)
        /// Computed from the row's other fields.
        case computed(Located<String>)
        /// Taken over from the event that a reference names: positions of ``EventDefinition/references``
        /// and among that event type's fields.
        case copied(reference: Int, field: Int)

        public static func == (a: Origin, b: Origin) -> Bool { a.meaning == b.meaning }
        public func hash(into hasher: inout Hasher) { hasher.combine(meaning) }

        var meaning: String {
            switch self {
            case .given: "given"
            case .identifier: "identifier"
            case .time: "time"
            case .currency(let position): "currency \(position)"
            case .original(let position): "original \(position)"
            case .computed(let text): "computed \(ExpressionText.canonical(text.value))"
            case .copied(let reference, let field): "copied \(reference) \(field)"
            }
        }
    }

    public let name: String
    public let type: FieldType
    /// Of a category: position in ``DefinitionSet/enumerations``.
    public let enumeration: Int?
    public let minimum: Int64?
    public let maximum: Int64?
    public let maximumLength: Int?
    public let isRequired: Bool
    /// Class of personal data; nil if it is none.
    public let personal: String?
    public let origin: Origin

    public var kind: ValueKind { type.kind }

    /// Whether the caller gives it in the event's fields.
    public var isGiven: Bool { if case .given = origin { true } else { false } }
}

/// Which entity an event touches in which role, and the fields with its key.
public struct Touch: Hashable, Sendable {
    /// Position in ``DefinitionSet/entities``.
    public let entity: Int
    public let role: String
    /// Positions in ``EventDefinition/fields``, in the order of the parts of the entity's key.
    public let fields: [Int]
}

/// An earlier event that an event names.
public struct EventReference: Hashable, Sendable {
    /// Position of the event type it must be of.
    public let event: Int
    /// The field with its id.
    public let field: Int
    /// Fields of the earlier event (`from`) that the row takes over (`to`).
    public let copies: [Copy]

    public struct Copy: Hashable, Sendable {
        public let from: Int
        public let to: Int
    }
}

/// A condition that an event must meet.
public struct CheckDefinition: Sendable {
    public let name: String
    public let expression: Located<String>
    public let policy: CheckPolicy
}

/// A `where:`: its position is that in ``EngineEvent/filters``.
public struct FilterDefinition: Sendable {
    public let expression: Located<String>
    /// The same for texts that differ in spaces alone.
    public let canonical: String
}

public struct EventDefinition: Sendable {
    public enum Kind: String, Hashable, Sendable {
        case event, label, snapshot
    }

    public let name: String
    public let kind: Kind
    /// Milliseconds.
    public let maximumLateness: Int64
    /// Ascending by name.
    public let fields: [FieldDefinition]
    public let touches: [Touch]
    public let references: [EventReference]
    public let checks: [CheckDefinition]
    public internal(set) var filters: [FilterDefinition] = []
    /// Positions of the id and of the time among the fields; expressions may call them `id` and
    /// `time` whatever their names.
    public let identifier: Int
    public let time: Int
    private let positions: [String: Int]

    init(
        name: String, kind: Kind, maximumLateness: Int64, fields: [FieldDefinition],
        touches: [Touch], references: [EventReference], checks: [CheckDefinition]
    ) {
        self.name = name
        self.kind = kind
        self.maximumLateness = maximumLateness
        self.fields = fields
        self.touches = touches
        self.references = references
        self.checks = checks
        var positions: [String: Int] = [:]
        for (position, field) in fields.enumerated() where positions[field.name] == nil {
            positions[field.name] = position
        }
        identifier = fields.firstIndex { $0.origin == .identifier } ?? 0
        time = fields.firstIndex { $0.origin == .time } ?? 0
        positions["id"] = positions["id"] ?? identifier
        positions["time"] = positions["time"] ?? time
        self.positions = positions
    }

    public func position(ofField name: String) -> Int? { positions[name] }

    /// Canonical text of everything that decides how an event is read.
    func meaning(_ entities: [String], _ events: [String]) -> String {
        let fields = fields.map {
            "\($0.name):\($0.type.rawValue):\($0.enumeration ?? -1)"
                + ":\($0.minimum.map(String.init) ?? ""):\($0.maximum.map(String.init) ?? "")"
                + ":\($0.maximumLength.map(String.init) ?? ""):\($0.isRequired)"
                + ":\($0.personal ?? ""):\($0.origin.meaning)"
        }
        let touches = touches.map { "\(entities[$0.entity]):\($0.role):\($0.fields)" }
        let references = references.map { "\(events[$0.event]):\($0.field)" }
        let checks = checks.map {
            "\($0.name):\(ExpressionText.canonical($0.expression.value)):\($0.policy.rawValue)"
        }
        return "\(kind.rawValue) \(name) \(maximumLateness) \(fields) \(touches) \(references)"
            + " \(checks)"
    }
}
