/// The operators on numbers: checked, and exact between int and double.
enum Operators {
    enum Order { case before, same, after }

    /// The order of an int and a double by their exact values, without rounding the int; nil for
    /// NaN.
    static func order(_ int: Int64, _ double: Double) -> Order? {
        if double.isNaN { return nil }
        if double >= 0x1p63 { return .before }
        if double < -0x1p63 { return .after }
        let whole = double.rounded(.towardZero)
        let truncated = Int64(whole)
        if int != truncated { return int < truncated ? .before : .after }
        return double == whole ? .same : double > whole ? .before : .after
    }

    static func order(_ a: Double, _ b: Double) -> Order? {
        if a < b { return .before }
        if a > b { return .after }
        return a == b ? .same : nil
    }

    static func order<T: Comparable>(_ a: T, _ b: T) -> Order {
        a < b ? .before : a == b ? .same : .after
    }

    /// The order of two numbers; nil if one is NaN. Both are numbers.
    static func order(numbers a: Value, _ b: Value) -> Order? {
        switch (a.tag, b.tag) {
        case (.int, .int): a.int == b.int ? .same : a.int < b.int ? .before : .after
        case (.int, _): order(a.int, b.double)
        case (_, .int): order(b.int, a.double).map(reversed)
        default: order(a.double, b.double)
        }
    }

    private static func reversed(_ order: Order) -> Order {
        switch order {
        case .before: .after
        case .same: .same
        case .after: .before
        }
    }

    static func compare(_ operation: Instruction.Operation, _ a: Int64, _ b: Int64) -> Bool {
        switch operation {
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        case .equal: a == b
        default: a != b
        }
    }

    static func arithmetic(_ operation: Instruction.Operation, _ a: Value, _ b: Value) -> Value {
        switch (a.tag, b.tag) {
        case (.int, .int): integers(operation, a.int, b.int)
        case (.double, .double): doubles(operation, a.double, b.double)
        default: times(operation, a, b)
        }
    }

    /// Sums and differences of timestamps and durations.
    private static func times(
        _ operation: Instruction.Operation, _ a: Value, _ b: Value
    ) -> Value {
        switch (operation, a.tag, b.tag) {
        case (.add, .duration, .duration): return checked(a.int.addingReportingOverflow(b.int))
        case (.subtract, .duration, .duration):
            return checked(a.int.subtractingReportingOverflow(b.int))
        case (.add, .timestamp, .duration): return instant(a.instant.adding(nanoseconds: b.int))
        case (.add, .duration, .timestamp): return instant(b.instant.adding(nanoseconds: a.int))
        case (.subtract, .timestamp, .duration):
            guard b.int != .min else { return .error(.outOfRange) }
            return instant(a.instant.adding(nanoseconds: -b.int))
        case (.subtract, .timestamp, .timestamp):
            return a.instant.since(b.instant).map { .duration($0) } ?? .error(.outOfRange)
        default: return .error(.noOverload)
        }
    }

    private static func checked(_ result: (partialValue: Int64, overflow: Bool)) -> Value {
        result.overflow ? .error(.outOfRange) : .duration(result.partialValue)
    }

    private static func instant(_ instant: Instant?) -> Value {
        instant.map { .timestamp($0) } ?? .error(.outOfRange)
    }

    private static func integers(
        _ operation: Instruction.Operation, _ a: Int64, _ b: Int64
    ) -> Value {
        let (result, overflow): (Int64, Bool)
        switch operation {
        case .add: (result, overflow) = a.addingReportingOverflow(b)
        case .subtract: (result, overflow) = a.subtractingReportingOverflow(b)
        case .multiply: (result, overflow) = a.multipliedReportingOverflow(by: b)
        case .divide:
            if b == 0 { return .error(.divisionByZero) }
            (result, overflow) = a.dividedReportingOverflow(by: b)
        case .remainder:
            if b == 0 { return .error(.divisionByZero) }
            (result, overflow) = a.remainderReportingOverflow(dividingBy: b)
        default: return .error(.noOverload)
        }
        return overflow ? .error(.overflow) : .int(result)
    }

    private static func doubles(
        _ operation: Instruction.Operation, _ a: Double, _ b: Double
    ) -> Value {
        switch operation {
        case .add: .double(a + b)
        case .subtract: .double(a - b)
        case .multiply: .double(a * b)
        case .divide: .double(a / b)
        default: .error(.noOverload)
        }
    }

    static func negate(_ value: Value) -> Value {
        switch value.tag {
        case .int:
            let (result, overflow) = Int64(0).subtractingReportingOverflow(value.int)
            return overflow ? .error(.overflow) : .int(result)
        case .double: return .double(-value.double)
        case .error: return value
        default: return .error(.noOverload)
        }
    }

    static func not(_ value: Value) -> Value {
        switch value.tag {
        case .bool: .bool(value.isFalse)
        case .error: value
        default: .error(.noOverload)
        }
    }

    /// `a && b` when neither was enough alone: false absorbs errors.
    static func and(_ a: Value, _ b: Value) -> Value {
        if a.isFalse || b.isFalse { return .bool(false) }
        return both(a, b)
    }

    /// `a || b` when neither was enough alone: true absorbs errors.
    static func or(_ a: Value, _ b: Value) -> Value {
        if a.isTrue || b.isTrue { return .bool(true) }
        return both(a, b)
    }

    private static func both(_ a: Value, _ b: Value) -> Value {
        if let error = error(a, b) { return error }
        guard a.tag == .bool, b.tag == .bool else { return .error(.noOverload) }
        return b
    }

    /// The error that two operands leave, if any.
    static func error(_ a: Value, _ b: Value) -> Value? {
        guard a.isError || b.isError else { return nil }
        guard a.isError else { return b }
        guard b.isError else { return a }
        return .error(a.error.merged(with: b.error))
    }

    /// A whole decimal number; nil if the text is anything else.
    static func parseInt(_ text: String) -> Int64? {
        text.utf8.count <= 20 && text.utf8.first != UInt8(ascii: "+") ? Int64(text) : nil
    }

    /// A decimal number; nil if the text is anything else, such as hexadecimal or a name.
    static func parseDouble(_ text: String) -> Double? {
        let plain = text.utf8.allSatisfy {
            ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || ".+-eE".utf8.contains($0)
        }
        return plain && text.utf8.count <= 400 ? Double(text) : nil
    }
}
