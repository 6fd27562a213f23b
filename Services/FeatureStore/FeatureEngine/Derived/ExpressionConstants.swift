public import RuleLanguage

/// What the expressions of a definition set may name beside facts.
public struct ExpressionConstants: Sendable {
    public var parameters: [String: Parameter]
    public var lists: [String: TextSet]
    public var zones: ZoneTable

    public init(
        parameters: [String: Parameter] = [:], lists: [String: TextSet] = [:],
        zones: ZoneTable = ZoneTable()
    ) {
        self.parameters = parameters
        self.lists = lists
        self.zones = zones
    }

    /// - Parameter offset: the fact with the minutes that local time is ahead of UTC (R13).
    func environment(_ facts: FactSchema, offset: String) -> RuleEnvironment {
        var environment = RuleEnvironment(
            facts: facts, parameters: parameters, lists: lists, zones: zones)
        environment.utcOffset = offset
        return environment
    }
}

/// An event type as expressions see it.
public struct EventScope: Sendable {
    public let name: String
    /// In the order of the event's values.
    public let fields: [FactDeclaration]
    /// Other names of fields, by position: those that a row takes over from the event it refers to
    /// are known without that event's name, too.
    public let aliases: [String: Int]
    /// What the values of each field mean; empty if their declarations say it.
    public let meanings: [String]

    public init(
        name: String, fields: [FactDeclaration], aliases: [String: Int] = [:],
        meanings: [String] = []
    ) {
        self.name = name
        self.fields = fields
        self.aliases = aliases
        self.meanings = meanings
    }
}

/// An event as expressions see it: `texts` has the text of each field that holds one, where the
/// event's value is its hash.
public struct EventInput: Sendable {
    public let event: EngineEvent
    public let texts: [String?]

    public init(_ event: EngineEvent, texts: [String?]) {
        self.event = event
        self.texts = texts
    }

    func scalar(_ field: Int, as type: ValueType) -> Scalar? {
        if type == .string { return field < texts.count ? texts[field].map(Scalar.text) : nil }
        return event.values[field].flatMap { type.scalar(ofWord: $0) }
    }
}

extension ValueType {
    /// What a word of an event or a state (``ValueKind``) stands for; nil for texts.
    func scalar(ofWord word: Int64) -> Scalar? {
        switch self {
        case .int: return .int(word)
        case .bool: return .bool(word != 0)
        case .double: return .double(Double(bitPattern: UInt64(bitPattern: word)))
        case .timestamp: return Instant(milliseconds: word).map(Scalar.timestamp)
        case .category: return .category(Int(word))
        case .place:
            let (latitude, longitude) = ValueKind.coordinates(word)
            return Coordinates(latitudeE7: latitude, longitudeE7: longitude).map(Scalar.place)
        default: return nil
        }
    }

    /// The word of a value of this type; nil for texts and whatever else no word can hold.
    func word(of constant: Constant) -> Int64? {
        switch constant {
        case .int(let value): self == .double ? Self.word(Double(value)) : value
        case .bool(let value): value ? 1 : 0
        case .double(let value): Self.word(value)
        case .category(let code): Int64(code)
        case .timestamp(let instant):
            instant.seconds * 1_000 + Int64(instant.nanoseconds) / 1_000_000
        case .place(let place):
            ValueKind.place(latitude: place.latitude, longitude: place.longitude)
        case .null, .string, .duration, .list, .map, .record: nil
        }
    }

    private static func word(_ value: Double) -> Int64 { Int64(bitPattern: value.bitPattern) }
}
