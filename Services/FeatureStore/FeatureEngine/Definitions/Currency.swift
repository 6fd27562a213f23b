/// The currencies of ISO 4217, list one of 2025, and the digits of their minor units. Codes that
/// were withdrawn lately are among them: events come late.
public enum Currency {
    private static let withTwoDigits = """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN \
        BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP \
        GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT \
        LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO \
        NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS \
        SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD \
        XCG YER ZAR ZMW ZWG ZWL
        """
    private static let others: [(digits: Int, codes: String)] = [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    ]

    /// Of each currency, the digits after the point.
    public static let exponents: [String: Int] = {
        var exponents: [String: Int] = [:]
        for (digits, codes) in [(2, withTwoDigits)] + others {
            for code in codes.split(separator: " ") { exponents[String(code)] = digits }
        }
        return exponents
    }()

    /// Digits after the point; nil if ISO 4217 has no such currency.
    public static func exponent(_ code: String) -> Int? { exponents[code] }
}
