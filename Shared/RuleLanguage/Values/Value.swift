/// A value while an expression runs: sixteen bytes without references. What does not fit into them
/// is in a `ValueStore`: of the program, of the frame, or of what the expression built itself.
struct Value: Sendable {
    enum Tag: UInt8 {
        case error, null, bool, int, double, text, list, map, record, timestamp, duration
        case category, place
    }

    /// Which store a text or composite is in.
    enum Table: UInt8 {
        case program, frame, scratch
    }

    var tag: Tag
    var table: Table = .program
    /// Entries of a composite, nanoseconds of a timestamp.
    var low: UInt32 = 0
    var bits: UInt64

    static let null = Value(tag: .null, bits: 0)
    static let missing = Value.error(.missingFact)

    static func bool(_ value: Bool) -> Value { Value(tag: .bool, bits: value ? 1 : 0) }
    static func int(_ value: Int64) -> Value { Value(tag: .int, bits: UInt64(bitPattern: value)) }
    static func double(_ value: Double) -> Value { Value(tag: .double, bits: value.bitPattern) }
    static func error(_ error: EvaluationError) -> Value {
        Value(tag: .error, bits: UInt64(error.rawValue))
    }
    static func duration(_ nanoseconds: Int64) -> Value {
        Value(tag: .duration, bits: UInt64(bitPattern: nanoseconds))
    }
    static func timestamp(_ instant: Instant) -> Value {
        Value(
            tag: .timestamp, low: UInt32(instant.nanoseconds),
            bits: UInt64(bitPattern: instant.seconds))
    }
    static func category(_ code: Int) -> Value {
        Value(tag: .category, bits: UInt64(bitPattern: Int64(code)))
    }
    static func place(_ place: Coordinates) -> Value { Value(tag: .place, bits: place.packed) }
    static func text(_ table: Table, _ index: Int) -> Value {
        Value(tag: .text, table: table, bits: UInt64(index))
    }
    /// A list of cells, a map of as many pairs of cells, or a record.
    static func composite(_ tag: Tag, _ table: Table, at offset: Int, count: Int) -> Value {
        Value(tag: tag, table: table, low: UInt32(count), bits: UInt64(offset))
    }

    var isError: Bool { tag == .error }
    var isTrue: Bool { tag == .bool && bits == 1 }
    var isFalse: Bool { tag == .bool && bits == 0 }
    var int: Int64 { Int64(bitPattern: bits) }
    var double: Double { Double(bitPattern: bits) }
    var index: Int { Int(truncatingIfNeeded: bits) }
    var count: Int { Int(low) }
    var isNumber: Bool { tag == .int || tag == .double }

    var instant: Instant {
        Instant(seconds: Int64(bitPattern: bits), nanoseconds: Int32(truncatingIfNeeded: low))
    }

    var coordinates: Coordinates { Coordinates(packed: bits) }

    /// `noOverload` is also what an unknown number reads as; none is ever stored.
    var error: EvaluationError {
        EvaluationError(rawValue: UInt8(truncatingIfNeeded: bits)) ?? .noOverload
    }

    /// The number as a double; only for numbers.
    var asDouble: Double { tag == .int ? Double(int) : double }
}
