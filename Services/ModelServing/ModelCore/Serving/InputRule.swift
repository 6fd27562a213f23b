internal import AssayMessages

/// How one value is checked: plain numbers, so that reading a row touches no object.
struct InputRule: Sendable {
    enum Kind: UInt8, Sendable { case number, category, flag }

    /// The place of the value among the fields of the vector.
    var source: Int
    var kind: Kind
    var isNullable: Bool
    var allowsInfinities: Bool
    var hasSentinels: Bool
    /// The model rounds values to float32.
    var isSingle: Bool
    /// Codes of a category are below it.
    var codeCount: Int
    var lowest: Double
    var highest: Double
    var rangePolicy: AssayModelsV1.RangePolicy
    var refusedStatuses: RefusedStatuses

    /// Whether any value can be scored: neither missing nor special.
    @inline(__always)
    func isPlain(_ value: Double) -> Bool {
        kind == .number && value >= lowest && value <= highest && !hasSentinels
            && value.magnitude <= (isSingle ? Self.largestSingle : .greatestFiniteMagnitude)
    }

    /// The largest float64 that does not round to an infinite float32.
    static let largestSingle = 0x1.fffffefffffffp127
}

/// Statuses with which a value is an error.
struct RefusedStatuses: Sendable, Hashable {
    /// A bit for each of the classes 0 to 5, and one for each flag in its own place of the next byte.
    private var mask: UInt16 = 0

    init(_ statuses: [AssayModelsV1.ValueStatus]) {
        for status in statuses {
            switch status {
            case .empty, .absent, .unavailable, .withheld, .error:
                mask |= 1 << UInt16(truncatingIfNeeded: status.number)
            case .stale: mask |= UInt16(ValueStatusByte.stale) << 8
            case .approximate: mask |= 0x10 << 8
            case .incomplete: mask |= 0x40 << 8
            default: break
            }
        }
    }

    @inline(__always)
    func contains(_ status: UInt8) -> Bool {
        mask & (1 << UInt16(status & 7) | UInt16(status & 0xF8) << 8) != 0
    }
}

/// The feature store's status of a value: a class in the low three bits, flags above.
enum ValueStatusByte {
    static let absent: UInt8 = 2
    static let stale: UInt8 = 0x08

    /// Classes 2 to 5 carry a default instead of a value.
    @inline(__always)
    static func isUnknown(_ status: UInt8) -> Bool { (2...5).contains(status & 7) }

    static func name(_ status: UInt8) -> String {
        switch status & 7 {
        case 1: "empty"
        case 2: "absent"
        case 3: "unavailable"
        case 4: "withheld"
        case 5: "error"
        default:
            status & stale != 0 ? "stale" : status & 0x10 != 0 ? "approximate" : "incomplete"
        }
    }
}
