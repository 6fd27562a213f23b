/// A number by JSON's grammar, as digits and an exponent, without loss.
struct JSONNumber {
    private var isNegative = false
    /// Significant digits, without the point.
    private var digits: [UInt8] = []
    /// How many of the digits stand before the point.
    private var whole = 0

    /// Nil unless all of `text` is a JSON number.
    init?(_ text: [UInt8]) {
        var rest = text[...]
        if rest.first == UInt8(ascii: "-") {
            isNegative = true
            rest.removeFirst()
        }
        let integer = Self.takeDigits(&rest)
        guard !integer.isEmpty, integer.count == 1 || integer.first != 0x30 else { return nil }
        digits = Array(integer)
        var exponent = 0
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            let fraction = Self.takeDigits(&rest)
            guard !fraction.isEmpty else { return nil }
            digits += fraction
        }
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            let isMinus = rest.first == UInt8(ascii: "-")
            if isMinus || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
            let power = Self.takeDigits(&rest)
            guard !power.isEmpty else { return nil }
            // No integer needs an exponent of a million; a greater one saturates.
            let magnitude = power.reduce(0) { min($0 * 10 + Int($1 - 0x30), 1_000_000) }
            exponent = isMinus ? -magnitude : magnitude
        }
        guard rest.isEmpty else { return nil }
        whole = integer.count + exponent
    }

    private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        rest = rest.dropFirst(digits.count)
        return digits
    }

    /// The number as an integer; nil if it is not whole or not in range.
    func integer<T: FixedWidthInteger>() -> T? {
        let significant = digits.drop { $0 == 0x30 }
        if significant.isEmpty { return 0 }
        let before = whole - (digits.count - significant.count)
        guard before > 0, before <= 20 else { return nil }
        guard significant.dropFirst(before).allSatisfy({ $0 == 0x30 }) else { return nil }
        var value: T = 0
        for index in 0..<before {
            let offset = significant.startIndex + index
            let digit = offset < significant.endIndex ? T(significant[offset] - 0x30) : 0
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, carry) =
                isNegative
                ? scaled.subtractingReportingOverflow(digit)
                : scaled.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = next
        }
        return value
    }
}
