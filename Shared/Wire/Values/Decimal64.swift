/// A decimal number: `coefficient · 10^-scale`, with at most 18 digits and a scale of 0 to 18.
///
/// The scale is part of the value: `1.5` and `1.50` are different records, so `==` is false;
/// `isNumericallyEqual(to:)` compares the numbers.
@frozen
public struct Decimal64: Sendable, Hashable {
    /// The greatest magnitude of a coefficient: 18 digits, as in ISO 20022.
    public static let maximumCoefficient: Int64 = 999_999_999_999_999_999
    /// The greatest scale.
    public static let maximumScale = 18

    public let coefficient: Int64
    @usableFromInline let storedScale: UInt8

    /// Digits behind the decimal point, 0 to 18.
    @inlinable public var scale: Int { Int(storedScale) }

    /// Nil if the coefficient has over 18 digits or the scale is not in 0 to 18.
    @inlinable
    public init?(coefficient: Int64, scale: Int) {
        guard coefficient.magnitude <= 999_999_999_999_999_999, scale >= 0, scale <= 18 else {
            return nil
        }
        self.coefficient = coefficient
        storedScale = UInt8(truncatingIfNeeded: scale)
    }

    @inlinable
    init(uncheckedCoefficient: Int64, scale: UInt8) {
        coefficient = uncheckedCoefficient
        storedScale = scale
    }

    /// Zero with scale 0, the placeholder of a required field that is not set yet.
    @inlinable public static func blank() -> Decimal64 {
        Decimal64(uncheckedCoefficient: 0, scale: 0)
    }

    public static let zero = Decimal64(uncheckedCoefficient: 0, scale: 0)

    /// True if both denote the same number, whatever their scales.
    public func isNumericallyEqual(to other: Decimal64) -> Bool {
        compare(to: other) == 0
    }

    /// Negative, zero or positive as this number is less than, equal to or greater than `other`.
    public func compare(to other: Decimal64) -> Int {
        let common = Swift.max(scale, other.scale)
        let left = Int128(coefficient) * Self.power(common - scale)
        let right = Int128(other.coefficient) * Self.power(common - other.scale)
        return left < right ? -1 : (left > right ? 1 : 0)
    }

    /// The same number with another scale; nil if digits would be lost or there are too many.
    public func rescaled(to scale: Int) -> Decimal64? {
        guard scale >= 0, scale <= Self.maximumScale else { return nil }
        if scale >= self.scale {
            let scaled = Int128(coefficient) * Self.power(scale - self.scale)
            return Int64(exactly: scaled).flatMap { Decimal64(coefficient: $0, scale: scale) }
        }
        let divisor = Self.power(self.scale - scale)
        let (quotient, rest) = Int128(coefficient).quotientAndRemainder(dividingBy: divisor)
        guard rest == 0 else { return nil }
        return Decimal64(coefficient: Int64(quotient), scale: scale)
    }

    /// The nearest `Double`; exact to within one rounding for up to 15 digits.
    public var doubleValue: Double {
        // Both operands are exact below 2^53 and 10^22, so the quotient is rounded once.
        Double(coefficient) / Double(Self.power(scale))
    }

    static func power(_ exponent: Int) -> Int128 {
        var result: Int128 = 1
        for _ in 0..<exponent { result *= 10 }
        return result
    }
}

extension Decimal64: CustomStringConvertible, ExpressibleByStringLiteral {
    /// Exactly `scale` fraction digits: `-1250.75`.
    public var description: String {
        var digits = String(coefficient.magnitude)
        if scale > 0 {
            if digits.utf8.count <= scale {
                digits = String(repeating: "0", count: scale + 1 - digits.utf8.count) + digits
            }
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -scale))
        }
        return coefficient < 0 ? "-" + digits : digits
    }

    /// Reads `[-]digits[.digits]`; the number of fraction digits becomes the scale. Nil for anything else.
    public init?(_ text: String) {
        var magnitude: Int64 = 0
        var scale: Int?
        var digits = 0
        var bytes = text.utf8[...]
        let negative = bytes.first == UInt8(ascii: "-")
        if negative { bytes.removeFirst() }
        for byte in bytes {
            if byte == UInt8(ascii: "."), scale == nil, digits > 0 {
                scale = 0
                continue
            }
            guard byte >= 0x30, byte <= 0x39, magnitude <= Self.maximumCoefficient / 10 else {
                return nil
            }
            magnitude = magnitude * 10 + Int64(byte - 0x30)
            digits += 1
            if let places = scale { scale = places + 1 }
        }
        guard digits > 0, scale != 0, magnitude <= Self.maximumCoefficient else { return nil }
        self.init(coefficient: negative ? -magnitude : magnitude, scale: scale ?? 0)
    }

    /// A literal such as `"1250.75"`; one that is not a decimal is a programming error.
    public init(stringLiteral text: String) {
        guard let value = Decimal64(text) else { preconditionFailure("not a decimal: \(text)") }
        self = value
    }
}
