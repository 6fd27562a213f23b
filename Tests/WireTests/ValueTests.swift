import Testing

@testable import Wire

@Suite struct ValueTests {
    @Test func `a decimal keeps its scale`() {
        let (short, long): (Decimal64, Decimal64) = ("1.5", "1.50")
        #expect(short != long)
        #expect(short.isNumericallyEqual(to: long))
        #expect("\(long)" == "1.50")
        #expect(short.rescaled(to: 2) == long)
        #expect(("1.51" as Decimal64).rescaled(to: 1) == nil)
        #expect(("-0.05" as Decimal64).description == "-0.05")
        #expect(("-1250.75" as Decimal64).coefficient == -125_075)
        #expect(("0.1" as Decimal64).doubleValue == 0.1)
    }

    @Test(arguments: [
        "", "-", ".5", "1.", "1e5", "+1", " 1", "1.2.3", "1000000000000000000",
        "0.0000000000000000001",
    ])
    func `what is not a decimal is refused`(text: String) {
        #expect(Decimal64(text) == nil)
    }

    @Test func `domains hold`() {
        #expect(Decimal64(coefficient: Decimal64.maximumCoefficient, scale: 18) != nil)
        #expect(Decimal64(coefficient: Decimal64.maximumCoefficient + 1, scale: 0) == nil)
        #expect(Decimal64(coefficient: .min, scale: 0) == nil)
        #expect(Decimal64(coefficient: 0, scale: 19) == nil)
        #expect(Timestamp(seconds: 253_402_300_800) == nil)
        #expect(Timestamp(seconds: 0, nanoseconds: -1) == nil)
        #expect(TimeSpan(seconds: 1, nanoseconds: -1) == nil)
        #expect(CalendarDate(year: 2025, month: 2, day: 29) == nil)
        for code in ["EURO", "eur", "EU", ""] { #expect(CurrencyCode(code) == nil) }
    }

    @Test(arguments: [
        ("2025-10-09T08:53:20.250Z", 1_760_000_000, 250_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1, 999_999_999),
        ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
        ("9999-12-31T23:59:59.000001Z", 253_402_300_799, 1000),
        ("2000-02-29T12:00:00Z", 951_825_600, 0),
    ])
    func `times are RFC 3339 in UTC`(text: String, seconds: Int64, nanoseconds: Int) {
        #expect(Timestamp(text)?.seconds == seconds)
        #expect(Timestamp(text)?.nanoseconds == nanoseconds)
        #expect(Timestamp(text)?.description == text)
    }

    @Test func `offsets and long or short fractions are read`() {
        #expect(Timestamp("2025-10-09T10:53:20+02:00") == Timestamp("2025-10-09T08:53:20Z"))
        #expect(Timestamp("2025-10-09t00:53:20.5-08:00") == Timestamp("2025-10-09T08:53:20.500Z"))
        for bad in [
            "2025-10-09", "2025-10-09T08:53:20", "2025-10-09T24:00:00Z", "2025-10-09T08:53:60Z",
            "2025-10-09T08:53:20.Z", "2025-10-09T08:53:20.1234567890Z", "0001-01-01T00:00:00+01:00",
        ] {
            #expect(Timestamp(bad) == nil)
        }
    }

    @Test(arguments: [
        ("1.5s", 1, 500_000_000), ("-0.5s", 0, -500_000_000), ("0s", 0, 0),
        ("315576000000s", 315_576_000_000, 0),
    ])
    func `time spans are seconds`(text: String, seconds: Int64, nanoseconds: Int) {
        #expect(TimeSpan(text)?.seconds == seconds)
        #expect(TimeSpan(text)?.nanoseconds == nanoseconds)
        #expect(TimeSpan(text)?.description == text)
    }

    @Test func `dates and identifiers round-trip through text`() throws {
        for days in stride(from: Int32(-719_162), through: 2_932_896, by: 977) {
            let date = try #require(CalendarDate(daysSinceEpoch: days))
            #expect(CalendarDate(date.description) == date)
        }
        #expect(CalendarDate("2026-11-30")?.days == 20_787)
        let id = UniqueID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
        #expect(id.description == "01234567-89ab-cdef-fedc-ba9876543210")
        #expect(UniqueID("01234567-89AB-CDEF-fedc-ba9876543210") == id)
        #expect(UniqueID("0123456-789ab-cdef-fedc-ba9876543210") == nil)
        #expect(UniqueID(bytes: id.bytes) == id)
    }

    @Test func `a map is sorted by the bytes of its keys, and the last pair wins`() {
        var map = WireMap<String, Int64>([("b", 1), ("a", 2), ("b", 3), ("", 4)])
        #expect(map.keys == ["", "a", "b"])
        #expect(map["b"] == 3)
        map["aa"] = 5
        map["a"] = nil
        #expect(map.map(\.key) == ["", "aa", "b"])
        let unsigned: WireMap<UInt64, Bool> = [.max: true, 1: false]
        #expect(unsigned.keys == [1, .max])
        let signed: WireMap<Int64, Bool> = [1: true, -1: false]
        #expect(signed.keys == [-1, 1])
    }
}
