internal import Wire

/// The currencies of ISO 4217, list one of 2025, and the digits of their minor units. Codes that
/// were withdrawn lately are among them: events come late.
enum Currencies {
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

    private static let digits: [CurrencyCode: Int] = {
        var digits: [CurrencyCode: Int] = [:]
        for (count, codes) in [(2, withTwoDigits)] + others {
            for text in codes.split(separator: " ") {
                if let code = CurrencyCode(String(text)) { digits[code] = count }
            }
        }
        return digits
    }()

    /// Digits of the minor unit; nil if ISO 4217 has no such currency.
    static func digits(of code: CurrencyCode) -> Int? { digits[code] }
}
