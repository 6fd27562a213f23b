/// Decimal text to float32 and float64, rounded once to nearest, ties to even, whatever its length.
///
/// Going through a wider type and down again rounds twice and can miss a library's value by one
/// unit in the last place. Here the decimal is bounded from both sides by 128-bit products with a
/// power of ten; the few texts whose bounds round apart are compared exactly with the midpoint.
public enum DecimalNumber {
    /// The float32 of `text` (JSON's grammar; leading zeros are harmless here), infinite where it
    /// is too large, or nil if it is no number.
    public static func float(_ text: ArraySlice<UInt8>) -> Float? {
        guard let decimal = DecimalDigits(text) else { return nil }
        return Float(bitPattern: UInt32(truncatingIfNeeded: bits(of: decimal, in: .float32)))
    }

    /// The float64 of `text`, by the same rules.
    public static func double(_ text: ArraySlice<UInt8>) -> Double? {
        guard let decimal = DecimalDigits(text) else { return nil }
        return Double(bitPattern: bits(of: decimal, in: .float64))
    }

    public static func float(_ text: String) -> Float? { float(Array(text.utf8)[...]) }

    public static func double(_ text: String) -> Double? { double(Array(text.utf8)[...]) }

    /// Whether a byte may stand in a decimal number.
    public static func isNumberByte(_ byte: UInt8) -> Bool {
        byte &- 48 < 10 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
    }

    private static func bits(of decimal: DecimalDigits, in format: BinaryFormat) -> UInt64 {
        magnitude(of: decimal, in: format) | (decimal.isNegative ? format.signBit : 0)
    }

    private static func magnitude(of decimal: DecimalDigits, in format: BinaryFormat) -> UInt64 {
        guard decimal.leading != 0 else { return 0 }
        let scientific = decimal.exponent + decimal.leadingCount - 1
        if scientific > format.largestPowerOfTen { return format.infinity }
        if scientific < format.leastPowerOfTen { return 0 }

        // The decimal lies in [low, low + width) · 2^exponent; `leading` is at most 19 digits long.
        let power = PowerOfTen(decimal.exponent)
        let shift = decimal.leading.leadingZeroBitCount
        let (low, rest) = power.times(decimal.leading << UInt64(shift))
        let exponent = power.exponent + 64 - shift
        if power.isExact && !decimal.hasMore {
            return format.nearest(low, sticky: rest != 0, exponent: exponent)
        }
        let width: UInt128 = decimal.hasMore ? 1 << UInt128(65 + shift) : 2
        let nearest = format.nearest(low, sticky: true, exponent: exponent)
        let (high, overflow) = low.addingReportingOverflow(width)
        if !overflow, format.nearest(high, sticky: true, exponent: exponent) == nearest {
            return nearest
        }
        return exact(decimal, above: format.truncated(low, exponent: exponent), in: format)
    }

    /// Compares the decimal with the midpoint above `lower`, in whole numbers of any length.
    private static func exact(
        _ decimal: DecimalDigits, above lower: UInt64, in format: BinaryFormat
    ) -> UInt64 {
        let digits = decimal.all
        var number = BigNatural(digits: digits)
        var midpoint = BigNatural(2 * format.significand(of: lower) + 1)
        let powerOfTen = decimal.exponent - (digits.count - decimal.leadingCount)
        let powerOfTwo = powerOfTen - (format.exponent(of: lower) - 1)
        if powerOfTen >= 0 {
            number.multiply(powerOfFive: powerOfTen)
        } else {
            midpoint.multiply(powerOfFive: -powerOfTen)
        }
        if powerOfTwo >= 0 {
            number.shiftLeft(powerOfTwo)
        } else {
            midpoint.shiftLeft(-powerOfTwo)
        }
        if number.isLess(than: midpoint) { return lower }
        if midpoint.isLess(than: number) { return lower + 1 }
        return lower + (lower & 1)
    }
}
