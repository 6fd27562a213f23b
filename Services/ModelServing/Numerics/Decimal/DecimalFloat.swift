/// Decimal text to float32, rounded once to nearest, ties to even.
///
/// Going through a wider type and down again rounds twice and can miss the library's value by one
/// unit in the last place; here the decimal is compared exactly, whatever its length.
public enum DecimalFloat {
    /// The value of `text` (JSON's grammar; leading zeros are harmless here), infinite where it is
    /// too large, or nil if it is no number.
    public static func parse(_ text: ArraySlice<UInt8>) -> Float? {
        guard let decimal = Decimal(text) else { return nil }
        let magnitude = decimal.magnitude
        return decimal.isNegative ? -magnitude : magnitude
    }

    public static func parse(_ text: String) -> Float? { parse(Array(text.utf8)[...]) }

    /// Whether a byte may stand in a decimal number.
    public static func isNumberByte(_ byte: UInt8) -> Bool {
        byte &- 48 < 10 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
    }

    /// The float32 nearest to `(value + something below 1 if sticky) * 2^exponent`.
    static func nearest(_ value: UInt128, sticky: Bool, exponent: Int) -> Float {
        guard value != 0 else { return 0 }
        let width = 128 - value.leadingZeroBitCount
        // Weight of the last bit that is kept: 24 bits, fewer for subnormal numbers.
        let last = max(exponent + width - 24, -149)
        let drop = last - exponent
        var kept: UInt128
        if drop <= 0 {
            kept = value << UInt128(-drop)
        } else if drop > 128 {
            return 0
        } else {
            kept = drop == 128 ? 0 : value >> UInt128(drop)
            let half = UInt128(1) << UInt128(drop - 1)
            let rest = value & (half | (half - 1))
            if rest > half || (rest == half && (sticky || kept & 1 == 1)) { kept += 1 }
        }
        // `kept` carries its own leading bit into the exponent field, also when it was rounded up
        // to 2^24.
        let bits = UInt64(last + 149) << 23 + UInt64(kept)
        return bits >= 0x7F80_0000 ? .infinity : Float(bitPattern: UInt32(bits))
    }
}

extension DecimalFloat {
    /// A decimal number as its digits and a power of ten.
    private struct Decimal {
        private(set) var isNegative = false
        /// Its first 19 significant digits: all of it, if there are no more.
        private var leading: UInt64 = 0
        private var significantDigits = 0
        private var exponent = 0
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
            var pointAt: Int?
            while let byte = peek(), byte &- 48 < 10 || byte == UInt8(ascii: ".") {
                index += 1
                if byte == UInt8(ascii: ".") {
                    guard pointAt == nil, seen > 0 else { return nil }
                    pointAt = seen
                } else {
                    seen += 1
                    append(byte - 48)
                }
            }
            guard seen > 0, pointAt != seen else { return nil }
            exponent = -(seen - (pointAt ?? seen))
            if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
                index += 1
                let negative = peek() == UInt8(ascii: "-")
                if negative || peek() == UInt8(ascii: "+") { index += 1 }
                guard peek() != nil else { return nil }
                var power = 0
                while let byte = peek(), byte &- 48 < 10 {
                    // Far beyond any float32, and far from overflow.
                    power = min(power * 10 + Int(byte - 48), 100_000)
                    index += 1
                }
                exponent += negative ? -power : power
            }
            guard index == text.endIndex else { return nil }
        }

        private mutating func append(_ digit: UInt8) {
            if significantDigits == 0 && digit == 0 { return }
            significantDigits += 1
            if significantDigits <= 19 { leading = leading * 10 + UInt64(digit) }
        }

        var magnitude: Float {
            guard significantDigits > 0 else { return 0 }
            let scientific = exponent + significantDigits - 1
            if scientific > 39 { return .infinity }
            // Half of the least subnormal is 7.006e-46.
            if scientific < -46 { return 0 }
            guard significantDigits <= 19, abs(exponent) <= 27 else { return exact }
            let power = DecimalFloat.powersOfFive[abs(exponent)]
            if exponent >= 0 {
                return nearest(
                    UInt128(leading) * UInt128(power), sticky: false, exponent: exponent)
            }
            // Shifted so that the quotient keeps at least 64 - 63 + 63 bits.
            let shift = 63 + leading.leadingZeroBitCount
            let (quotient, remainder) = (UInt128(leading) << UInt128(shift))
                .quotientAndRemainder(dividingBy: UInt128(power))
            return nearest(quotient, sticky: remainder != 0, exponent: exponent - shift)
        }

        /// By whole numbers of any length: slow and always right.
        private var exact: Float {
            let mantissa = text.prefix { $0 | 0x20 != UInt8(ascii: "e") }
            var numerator = BigNatural(digits: mantissa.filter { $0 &- 48 < 10 }.map { $0 - 48 })
            if exponent >= 0 {
                numerator.multiply(powerOfFive: exponent)
                let (top, sticky, shift) = numerator.leadingBits()
                return nearest(UInt128(top), sticky: sticky, exponent: exponent + shift)
            }
            var denominator = BigNatural(digits: [1])
            denominator.multiply(powerOfFive: -exponent)
            // 40 bits of quotient and what remains.
            let shift = denominator.bitWidth - numerator.bitWidth + 40
            if shift >= 0 { numerator.shiftLeft(shift) } else { denominator.shiftLeft(-shift) }
            let (quotient, remains) = numerator.divided(by: denominator, quotientBits: 42)
            return nearest(UInt128(quotient), sticky: remains, exponent: exponent - shift)
        }
    }

    /// 5^0 ... 5^27, the powers of five below 2^64.
    fileprivate static let powersOfFive: [UInt64] = {
        var powers: [UInt64] = [1]
        while powers.count < 28 { powers.append(powers[powers.count - 1] * 5) }
        return powers
    }()
}
