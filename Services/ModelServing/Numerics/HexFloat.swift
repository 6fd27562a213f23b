/// Float64 as hexadecimal text, which is exact: as Python's `float.hex` writes it (always 13 digits
/// after the point), and read with any number of digits.
public enum HexFloat {
    /// `0x1.8000000000000p+1`; `-0x0.0p+0`, `nan`, `inf` and `-inf` where there is no more to say.
    public static func text(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        let sign = value.sign == .minus ? "-" : ""
        if value.isInfinite { return sign + "inf" }
        if value == 0 { return sign + "0x0.0p+0" }
        let digits = String(value.significandBitPattern, radix: 16)
        let fraction = String(repeating: "0", count: 13 - digits.count) + digits
        let exponent = value.isNormal ? Int(value.exponent) : -1_022
        let power = exponent < 0 ? "\(exponent)" : "+\(exponent)"
        return "\(sign)0x\(value.isNormal ? 1 : 0).\(fraction)p\(power)"
    }

    /// The number that `text` states, rounded to nearest, ties to even, if it has more digits than
    /// fit; infinite where it is too large, nil if it is no hexadecimal number.
    public static func parse(_ text: ArraySlice<UInt8>) -> Double? {
        var index = text.startIndex
        func peek() -> UInt8? { index < text.endIndex ? text[index] : nil }
        let negative = peek() == UInt8(ascii: "-")
        if negative || peek() == UInt8(ascii: "+") { index += 1 }
        guard peek() == UInt8(ascii: "0") else { return nil }
        index += 1
        guard let mark = peek(), mark | 0x20 == UInt8(ascii: "x") else { return nil }
        index += 1

        var significand: UInt64 = 0
        var sticky = false
        var exponent = 0
        var digits = 0
        var hasPoint = false
        while let byte = peek() {
            if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else if let digit = digit(byte) {
                digits += 1
                if significand >> 60 == 0 {
                    significand = significand << 4 | digit
                    exponent -= hasPoint ? 4 : 0
                } else {
                    sticky = sticky || digit != 0
                    exponent += hasPoint ? 0 : 4
                }
            } else {
                break
            }
            index += 1
        }
        guard digits > 0 else { return nil }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "p") {
            index += 1
            let isDown = peek() == UInt8(ascii: "-")
            if isDown || peek() == UInt8(ascii: "+") { index += 1 }
            guard peek() != nil else { return nil }
            var power = 0
            while let byte = peek(), byte &- 48 < 10 {
                power = min(power * 10 + Int(byte - 48), 1 << 40)
                index += 1
            }
            exponent += isDown ? -power : power
        }
        guard index == text.endIndex else { return nil }
        let bits = BinaryFormat.float64.nearest(
            UInt128(significand), sticky: sticky, exponent: min(max(exponent, -2_000), 2_000))
        return Double(bitPattern: bits | (negative ? 1 << 63 : 0))
    }

    public static func parse(_ text: String) -> Double? { parse(Array(text.utf8)[...]) }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - 48)
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - 87)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - 55)
        default: nil
        }
    }
}
