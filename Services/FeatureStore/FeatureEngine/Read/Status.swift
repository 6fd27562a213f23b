/// What one byte beside a value says about it (one per feature of a vector).
public struct Status: Hashable, Sendable {
    /// Bits 0 to 2: the greater, the less there is to the value.
    public enum Class: UInt8, Sendable, Comparable {
        case present = 0
        /// No event in the window; the value is true.
        case empty = 1
        /// The event names no such entity or field.
        case absent = 2
        /// The store could not answer.
        case unavailable = 3
        case error = 5

        public static func < (a: Class, b: Class) -> Bool { a.rawValue < b.rawValue }
    }

    /// A late event or an overflow may be missing from the value.
    public static let incomplete: UInt8 = 0x40

    public var byte: UInt8

    public init(_ kind: Class, incomplete: Bool = false) {
        byte = kind.rawValue | (incomplete ? Status.incomplete : 0)
    }

    public var kind: Class { Class(rawValue: byte & 7) ?? .error }
    public var isIncomplete: Bool { byte & Status.incomplete != 0 }
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
