/// An ISO 4217 currency code: three capital letters, held inline.
@frozen
public struct CurrencyCode: Sendable, Hashable {
    @usableFromInline let first: UInt8
    @usableFromInline let second: UInt8
    @usableFromInline let third: UInt8

    /// Nil unless all three are `A` to `Z`.
    @inlinable
    public init?(_ first: UInt8, _ second: UInt8, _ third: UInt8) {
        guard first &- 65 < 26, second &- 65 < 26, third &- 65 < 26 else { return nil }
        self.first = first
        self.second = second
        self.third = third
    }

    /// Nil unless `text` is three letters `A` to `Z`.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 3 else { return nil }
        self.init(bytes[0], bytes[1], bytes[2])
    }

    /// `XXX`, ISO 4217's code for "no currency".
    @inlinable public static func blank() -> CurrencyCode {
        CurrencyCode(uncheckedFirst: 88, 88, 88)
    }

    @inlinable
    init(uncheckedFirst first: UInt8, _ second: UInt8, _ third: UInt8) {
        self.first = first
        self.second = second
        self.third = third
    }
}

extension CurrencyCode: CustomStringConvertible, ExpressibleByStringLiteral {
    public var description: String { String(decoding: [first, second, third], as: UTF8.self) }

    /// A literal such as `"EUR"`; one that is not a currency code is a programming error.
    public init(stringLiteral text: String) {
        guard let code = CurrencyCode(text) else {
            preconditionFailure("not a currency code: \(text)")
        }
        self = code
    }
}

/// An amount of money: a decimal and its currency. The scale is part of the value, see `Decimal64`.
@frozen
public struct Money: Sendable, Hashable {
    public let amount: Decimal64
    public let currency: CurrencyCode

    @inlinable
    public init(_ amount: Decimal64, _ currency: CurrencyCode) {
        self.amount = amount
        self.currency = currency
    }

    /// Nil if the coefficient has over 18 digits or the scale is not in 0 to 18.
    @inlinable
    public init?(currency: CurrencyCode, coefficient: Int64, scale: Int) {
        guard let amount = Decimal64(coefficient: coefficient, scale: scale) else { return nil }
        self.init(amount, currency)
    }

    /// The amount is `coefficient · 10^-scale`.
    @inlinable public var coefficient: Int64 { amount.coefficient }
    @inlinable public var scale: Int { amount.scale }

    /// The amount in units of `10^-digits`, such as cents for 2; nil if it is not a whole number of them.
    public func minorUnits(digits: Int) -> Int64? {
        amount.rescaled(to: digits)?.coefficient
    }

    /// No money of no currency, the placeholder of a required field that is not set yet.
    @inlinable public static func blank() -> Money { Money(.blank(), .blank()) }
}

extension Money: CustomStringConvertible {
    public var description: String { "\(currency) \(amount)" }
}
