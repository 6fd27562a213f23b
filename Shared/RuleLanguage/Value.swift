/// A value while an expression runs: a tag and eight bytes, without references. Texts and lists
/// are numbers of a table: of the program, of the frame, or of what the expression built itself.
struct Value: Sendable {
    enum Tag: UInt8 {
        case error, null, bool, int, double, text, list
    }

    /// Which table a text or list is in.
    enum Table: UInt32 {
        case program, frame, scratch
    }

    var tag: Tag
    var bits: UInt64

    static let null = Value(tag: .null, bits: 0)
    static let missing = Value.error(.missingFact)

    static func bool(_ value: Bool) -> Value { Value(tag: .bool, bits: value ? 1 : 0) }
    static func int(_ value: Int64) -> Value {
        Value(tag: .int, bits: UInt64(bitPattern: value))
    }
    static func double(_ value: Double) -> Value { Value(tag: .double, bits: value.bitPattern) }
    static func error(_ error: EvaluationError) -> Value {
        Value(tag: .error, bits: UInt64(error.rawValue))
    }
    static func text(_ table: Table, _ index: Int) -> Value {
        Value(tag: .text, bits: UInt64(table.rawValue) << 32 | UInt64(UInt32(index)))
    }
    static func list(_ table: Table, _ index: Int) -> Value {
        Value(tag: .list, bits: UInt64(table.rawValue) << 32 | UInt64(UInt32(index)))
    }

    var isError: Bool { tag == .error }
    var isTrue: Bool { tag == .bool && bits == 1 }
    var isFalse: Bool { tag == .bool && bits == 0 }
    var int: Int64 { Int64(bitPattern: bits) }
    var double: Double { Double(bitPattern: bits) }
    var index: Int { Int(truncatingIfNeeded: bits & 0xFFFF_FFFF) }

    /// Every value is built by the functions above, so the table's number is always known.
    var table: Table { Table(rawValue: UInt32(truncatingIfNeeded: bits >> 32)) ?? .program }

    /// `noOverload` is also what an unknown number reads as; none is ever stored.
    var error: EvaluationError {
        EvaluationError(rawValue: UInt8(truncatingIfNeeded: bits)) ?? .noOverload
    }
}
