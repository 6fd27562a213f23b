/// One feature of a state, as a definition compiles to it.
///
/// What a definition computes from several values (`derived`) reads ``FeatureState/register(_:at:)``,
/// ``FeatureState/table(_:at:)``, ``FeatureState/recent(_:at:)`` and
/// ``FeatureState/classes(of:tier:window:at:)`` beside these.
public enum FeatureRead: Hashable, Sendable {
    case aggregate(AggregateRead)
    case attribute(AttributeRead)
    case register(RegisterRead)

    public var includesSelf: Bool {
        switch self {
        case .aggregate(let read): read.includesSelf
        case .attribute(let read): read.includesSelf
        case .register(let read): read.includesSelf
        }
    }

    /// The value when there is none.
    public var defaultValue: Double {
        switch self {
        case .aggregate(let read): read.defaultValue
        case .attribute(let read): read.defaultValue
        case .register(let read): read.defaultValue
        }
    }
}

/// One feature of an attribute.
public struct AttributeRead: Hashable, Sendable {
    public enum Aspect: Hashable, Sendable {
        /// How many values were seen in a window; its tiles have the length of `hop`.
        case distinct(window: Int64, hop: Int64)
        /// How many values were seen for the first time in a window.
        case firstSeen(window: Int64, hop: Int64)
        /// Of the value of the event at hand: 1 if it was not seen before.
        case isNew
        case secondsSinceFirstSeen
        case daysSinceFirstSeen
        case secondsSinceLastSeen
        case timesSeen
    }

    public let attribute: Int
    public let aspect: Aspect
    /// Per event type, the field with the value at hand; nil where it has none. Counts need none.
    public let argument: [Int?]
    public let includesSelf: Bool
    public let defaultValue: Double

    public init(
        attribute: Int, aspect: Aspect, argument: [Int?] = [], includesSelf: Bool = false,
        defaultValue: Double = 0
    ) {
        self.attribute = attribute
        self.aspect = aspect
        self.argument = argument
        self.includesSelf = includesSelf
        self.defaultValue = defaultValue
    }
}

/// One feature of a register.
public struct RegisterRead: Hashable, Sendable {
    public enum Aspect: Hashable, Sendable {
        /// A value as a number: not a hash, not a place.
        case value(Int)
        case secondsSince
        case daysSince
    }

    public let register: Int
    public let aspect: Aspect
    public let includesSelf: Bool
    public let defaultValue: Double

    public init(
        register: Int, aspect: Aspect, includesSelf: Bool = false,
        defaultValue: Double = FeatureValue.missing
    ) {
        self.register = register
        self.aspect = aspect
        self.includesSelf = includesSelf
        self.defaultValue = defaultValue
    }
}
