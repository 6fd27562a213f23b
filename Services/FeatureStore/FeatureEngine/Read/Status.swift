/// What one byte beside a value says about it (one per feature of a vector).
public struct Status: Hashable, Sendable {
    /// Bits 0 to 2: the greater, the less there is to the value.
    public enum Class: UInt8, Sendable, Comparable {
        case present = 0
        /// No event in the window; the value is true.
        case empty = 1
        /// The event names no such entity or field, or there is no snapshot yet.
        case absent = 2
        /// The store could not answer.
        case unavailable = 3
        /// The call's purpose or scope does not allow it.
        case withheld = 4
        case error = 5

        public static func < (a: Class, b: Class) -> Bool { a.rawValue < b.rawValue }
    }

    /// What else is to be known about the value. The highest bit of a status is always 0.
    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Older than its `max_age`.
        public static let stale = Flags(rawValue: 0x08)
        /// From a sketch, or from tiles in place of raw events.
        public static let approximate = Flags(rawValue: 0x10)
        /// Of a relaxed entity: events of the last 250 ms may be missing.
        public static let eventual = Flags(rawValue: 0x20)
        /// A late event, an overflow or a bound may have taken something from the value.
        public static let incomplete = Flags(rawValue: 0x40)
    }

    public var byte: UInt8

    public init(byte: UInt8) { self.byte = byte }

    public init(_ kind: Class, _ flags: Flags = []) {
        byte = kind.rawValue | flags.rawValue
    }

    public var kind: Class { Class(rawValue: byte & 7) ?? .error }
    public var flags: Flags { Flags(rawValue: byte & 0x78) }
    public var isIncomplete: Bool { flags.contains(.incomplete) }

    /// Of a value that depends on both: the greater class and all flags.
    public func combined(with other: Status) -> Status {
        Status(max(kind, other.kind), flags.union(other.flags))
    }
}

/// The value of a feature as a vector holds it.
public struct FeatureValue: Hashable, Sendable {
    /// The quiet NaN that stands for a missing value.
    public static let missing = Double(bitPattern: 0x7FF8_0000_0000_0000)

    public var number: Double
    public var status: Status

    public init(_ number: Double, _ status: Status) {
        self.number = number
        self.status = status
    }

    /// By bits: a missing value equals itself.
    public static func == (a: FeatureValue, b: FeatureValue) -> Bool {
        a.number.bitPattern == b.number.bitPattern && a.status == b.status
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(number.bitPattern)
        hasher.combine(status)
    }
}
