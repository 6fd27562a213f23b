/// A decimal number as text states it: its digits and a power of ten.
struct DecimalDigits {
    private(set) var isNegative = false
    /// Its first significant digits, at most 19 of them, as a whole number.
    private(set) var leading: UInt64 = 0
    private(set) var leadingCount = 0
    /// Power of ten of the last of these digits.
    private(set) var exponent = 0
    /// Whether a digit other than zero follows the leading ones.
    private(set) var hasMore = false
    private let text: ArraySlice<UInt8>

    init?(_ text: ArraySlice<UInt8>) {
        self.text = text
        var index = text.startIndex
        func peek() -> UInt8? { index < text.endIndex ? text[index] : nil }
        if peek() == UInt8(ascii: "-") {
            isNegative = true
            index += 1
        }
        var seen = 0
        var dropped = 0
        var pointAt: Int?
        while let byte = peek(), byte &- 48 < 10 || byte == UInt8(ascii: ".") {
            index += 1
            if byte == UInt8(ascii: ".") {
                guard pointAt == nil, seen > 0 else { return nil }
                pointAt = seen
                continue
            }
            seen += 1
            if leadingCount == 19 {
                dropped += 1
                hasMore = hasMore || byte != 48
            } else if leadingCount > 0 || byte != 48 {
                leading = leading * 10 + UInt64(byte - 48)
                leadingCount += 1
            }
        }
        guard seen > 0, pointAt != seen else { return nil }
        exponent = dropped - (seen - (pointAt ?? seen))
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            index += 1
            let negative = peek() == UInt8(ascii: "-")
            if negative || peek() == UInt8(ascii: "+") { index += 1 }
            guard peek() != nil else { return nil }
            var power = 0
            while let byte = peek(), byte &- 48 < 10 {
                // Far beyond any float64 unless as many digits precede it, and far from overflow.
                power = min(power * 10 + Int(byte - 48), 1 << 40)
                index += 1
            }
            exponent += negative ? -power : power
        }
        guard index == text.endIndex else { return nil }
    }

    /// All significant digits, the leading ones first.
    var all: [UInt8] {
        let mantissa = text.prefix { $0 | 0x20 != UInt8(ascii: "e") }
        return Array(mantissa.filter { $0 &- 48 < 10 }.map { $0 - 48 }.drop { $0 == 0 })
    }
}
