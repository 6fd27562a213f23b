import Testing
import Wire

@testable import FeatureCore

@Suite struct MinorUnitsTests {
    @Test("amounts are rounded half to even, whatever their sign")
    func halfToEven() {
        for (coefficient, expected) in [
            (125, 12), (135, 14), (1_251, 125), (1_250, 125), (1_249, 125), (-125, -12),
            (-135, -14), (4, 0), (5, 0), (15, 2), (-5, 0), (-15, -2),
        ] as [(Int64, Int64)] {
            #expect(
                MinorUnits.convert(coefficient: coefficient, scale: 3, digits: 2) == expected)
        }
        #expect(MinorUnits.convert(coefficient: 7, scale: 0, digits: 3) == 7_000)
        #expect(MinorUnits.convert(coefficient: 7, scale: 18, digits: 0) == 0)
        #expect(
            MinorUnits.convert(coefficient: 600_000_000_000_000_000, scale: 18, digits: 0) == 1)
    }

    @Test("an amount in another currency is converted with one rounding")
    func conversion() throws {
        func convert(_ text: String, _ rate: Int64, _ scale: Int, digits: Int = 2) throws -> Int64?
        {
            let parts = text.split(separator: ".")
            let coefficient = try #require(Int64(parts.joined()))
            let amount = try #require(
                Decimal64(coefficient: coefficient, scale: parts.count > 1 ? parts[1].count : 0))
            return MinorUnits.convert(amount, rate: rate, rateScale: scale, digits: digits)
        }
        // 100.00 USD at 0.9215 are 92.15 EUR; 1,000 JPY at 0.006123 are 6.12 EUR.
        #expect(try convert("100.00", 9_215, 4) == 9_215)
        #expect(try convert("1000", 6_123, 6) == 612)
        // 0.01 at 0.5 is half a cent: to even. 0.03 at 0.5 is one and a half.
        #expect(try convert("0.01", 5, 1) == 0)
        #expect(try convert("0.03", 5, 1) == 2)
        // 0.5499… must not become 0.55 first.
        #expect(try convert("0.5", 1_099_999, 6, digits: 0) == 1)
        #expect(try convert("0.5", 999_999, 6, digits: 0) == 0)
        #expect(try convert("999999999999999999", 999_999_999_999, 0) == nil)
        #expect(try convert("0.000000000000000001", 1, 12) == 0)
    }

    @Test("ISO 4217 gives the digits of minor units, and knows no invented currency")
    func currencies() {
        #expect(Currencies.digits(of: "EUR") == 2)
        #expect(Currencies.digits(of: "JPY") == 0)
        #expect(Currencies.digits(of: "KWD") == 3)
        #expect(Currencies.digits(of: "CLF") == 4)
        for code in ["ABC", "XXX", "XTS", "ZZZ"] as [CurrencyCode] {
            #expect(Currencies.digits(of: code) == nil)
        }
    }
}
