public import RuleLanguage

/// `round_unit: 10000`, read as `P.round_unit`; or `{value: 10000, unit: money}`.
public struct ParameterDeclaration: Sendable {
    public let name: Located<String>
    public let parameter: Parameter

    public init(name: Located<String>, parameter: Parameter) {
        self.name = name
        self.parameter = parameter
    }
}

/// `high_risk_countries: lists/high_risk_countries.txt`, read as `L.high_risk_countries`.
public struct ListDeclaration: Sendable {
    public let name: Located<String>
    /// Where the entries stand, relative to the folder of definitions; nil if they stand here.
    public let file: Located<String>?
    public var entries: [String]

    public init(name: Located<String>, file: Located<String>?, entries: [String]) {
        self.name = name
        self.file = file
        self.entries = entries
    }
}

/// `outcome: [other, approved, declined]`: a code is a position, and an unknown text is code 0.
public struct EnumerationDeclaration: Sendable {
    public let name: Located<String>
    public let labels: [Located<String>]

    public init(name: Located<String>, labels: [Located<String>]) {
        self.name = name
        self.labels = labels
    }
}

/// `USD: 0.9215`: what one of another currency is worth in the base currency.
public struct RateDeclaration: Sendable {
    public let currency: Located<String>
    public let rate: ExchangeRate
    public init(currency: Located<String>, rate: ExchangeRate) {
        self.currency = currency
        self.rate = rate
    }
}

/// A positive decimal: coefficient · 10^−scale.
public struct ExchangeRate: Hashable, Sendable {
    public let coefficient: Int64
    /// 0 to 12.
    public let scale: Int

    /// Reads `0.9215`; nil if the text is no positive decimal of at most 12 digits before and
    /// behind the point.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ (1...12).contains($0.count) })
        else { return nil }
        var value: Int64 = 0
        for digit in parts.joined() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = tenfold.addingReportingOverflow(
                Int64(digit - UInt8(ascii: "0")))
            guard !overflow, !overflows else { return nil }
            value = sum
        }
        guard value > 0 else { return nil }
        coefficient = value
        scale = parts.count == 2 ? parts[1].count : 0
    }
}
