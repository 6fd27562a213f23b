internal import FeatureEngine
internal import Wire

/// The digits of currencies by the codes that messages have.
enum Currencies {
    private static let digits = Dictionary(
        Currency.exponents.compactMap { text, digits in
            CurrencyCode(text).map { ($0, digits) }
        }, uniquingKeysWith: { first, _ in first })

    /// Digits of the minor unit; nil if ISO 4217 has no such currency.
    static func digits(of code: CurrencyCode) -> Int? { digits[code] }
}
