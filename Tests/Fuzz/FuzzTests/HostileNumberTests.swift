import FuzzProperties
import GoldenMessages
import Testing
import Wire

/// Numbers at and behind the edge of what fits, as lengths in bytes and as values in JSON.
@Suite("Hostile numbers")
struct HostileNumberTests {
    // MARK: Lengths

    /// 2^31 − 1 and 2^32 − 1 in five bytes; 2^63 − 1, 2^63 and 2^64 − 1 in nine and ten; none in eleven.
    private static let lengths: [[UInt8]] = [
        [0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        [UInt8](repeating: 0xFF, count: 8) + [0x7F],
        [UInt8](repeating: 0x80, count: 9) + [0x01],
        [UInt8](repeating: 0xFF, count: 9) + [0x01],
        [UInt8](repeating: 0x80, count: 10) + [0x01],
    ]

    @Test("a length that lies is refused in every position, at both doors", arguments: lengths)
    func lyingLength(length: [UInt8]) throws {
        let everything = MessageProperties.all.flatMap { type in
            type.fields.fields.map { (type, $0.number) }
        }
        for (type, number) in everything + [(MessageProperties.all[0], 1000)] {
            let tag = Self.varint(UInt64(number) << 3 | 2)
            // Also inside a message, where what is left is smaller than the input.
            let record = tag + length + [1, 2, 3]
            for bytes in [record, record + [UInt8](repeating: 0, count: 64)] {
                for door in [Door.strict, .tolerant] {
                    let error = #expect(throws: WireError.self, "\(type.name) \(number)") {
                        try type.decode(bytes, door, DecodeLimits())
                    }
                    #expect(error?.category == .malformed, "\(type.name) \(number)")
                }
            }
        }
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }

    // MARK: JSON

    private func scalars(_ member: String) -> TestEverythingV1.Scalars? {
        try? TestEverythingV1.Scalars(jsonBytes: Array("{\(member)}".utf8))
    }

    private func optionals(_ member: String) -> TestEverythingV1.Optionals? {
        try? TestEverythingV1.Optionals(jsonBytes: Array("{\(member)}".utf8))
    }

    @Test("integers: the edges are read, what is behind them is refused")
    func integerEdges() {
        #expect(scalars(#""anInt32":2147483647"#)?.anInt32 == .max)
        #expect(scalars(#""anInt32":-2147483648"#)?.anInt32 == .min)
        #expect(scalars(#""anInt64":"-9223372036854775808""#)?.anInt64 == .min)
        #expect(scalars(#""aUint64":18446744073709551615"#)?.aUint64 == .max)
        #expect(scalars(#""aUint64":1844674407370955161.5e1"#)?.aUint64 == .max)
        #expect(scalars(#""aUint64":-0"#)?.aUint64 == 0)
        #expect(scalars(#""aUint64":0e999999999999999999999999"#)?.aUint64 == 0)
        #expect(scalars(#""anInt64":10000000000e-10"#)?.anInt64 == 1)
        for member in [
            #""anInt32":2147483648"#, #""anInt32":-2147483649"#, #""aUint32":4294967296"#,
            #""aUint32":-1"#, #""anInt64":9223372036854775808"#, #""anInt64":-9223372036854775809"#,
            #""aUint64":18446744073709551616"#, #""aUint64":184467440737095516150"#,
            #""aUint64":1e99999999999999999999"#, #""aUint64":1e-99999999999999999999"#,
            #""anInt64":1e9223372036854775807"#, #""anInt64":1e-9223372036854775808"#,
            #""anInt64":0.5"#, #""anInt64":1e"#, #""anInt64":1e+"#, #""anInt64":01"#,
            #""anInt64":.5"#, #""anInt64":5."#, #""anInt64":+5"#, #""anInt64":- 5"#,
            #""anInt64":"""#, #""anInt64":" 5""#, #""anInt64":NaN"#, #""anInt64":"5\u0000""#,
            #""aWord":2147483648"#, #""aWord":-1"#,
        ] {
            #expect(scalars(member) == nil, "\(member)")
        }
    }

    @Test("floating-point numbers: over the edge is an error, under it is zero")
    func floatingPoint() {
        #expect(scalars(#""aDouble":1.7976931348623157e308"#)?.aDouble == .greatestFiniteMagnitude)
        #expect(scalars(#""aDouble":1e-400"#)?.aDouble == 0)
        #expect(scalars(#""aDouble":-0"#)?.aDouble.bitPattern == (-0.0).bitPattern)
        #expect(scalars(#""aDouble":"Infinity""#)?.aDouble == .infinity)
        for member in [
            #""aDouble":1e309"#, #""aFloat":1e39"#, #""aDouble":1e99999999999999999999"#,
            #""aDouble":Infinity"#, #""aDouble":"inf""#, #""aDouble":"nan""#, #""aDouble":0x10"#,
            #""aDouble":"0x1p3""#, #""aDouble":1_0"#,
        ] {
            #expect(scalars(member) == nil, "\(member)")
        }
    }

    @Test("decimals, durations, times and dates: the edges of their domains")
    func values() {
        #expect(optionals(#""aDecimal":"-999999999999999999""#)?.aDecimal != nil)
        #expect(optionals(#""aDecimal":"0.999999999999999999""#)?.aDecimal?.scale == 18)
        #expect(optionals(#""aDuration":"315576000000.999999999s""#)?.aDuration != nil)
        #expect(optionals(#""aDuration":"-0.000000001s""#)?.aDuration?.nanoseconds == -1)
        #expect(optionals(#""aTimestamp":"0001-01-01T00:00:00Z""#)?.aTimestamp != nil)
        #expect(optionals(#""aTimestamp":"9999-12-31T23:59:59.999999999Z""#)?.aTimestamp != nil)
        #expect(optionals(#""aDate":"9999-12-31""#)?.aDate != nil)
        for member in [
            #""aDecimal":"1000000000000000000""#, #""aDecimal":"0.0000000000000000001""#,
            #""aDecimal":"9223372036854775808""#, #""aDecimal":"1.""#, #""aDecimal":".1""#,
            #""aDecimal":"--1""#, #""aDecimal":"1e3""#, #""aDecimal":1.5"#, #""aDecimal":"""#,
            #""aDuration":"315576000001s""#, #""aDuration":"-315576000001s""#,
            #""aDuration":"9223372036854775808s""#, #""aDuration":"1.0000000001s""#,
            #""aDuration":"1""#, #""aDuration":"--1s""#, #""aDuration":".5s""#,
            #""aTimestamp":"0001-01-01T00:00:00+00:01""#,
            #""aTimestamp":"9999-12-31T23:59:59-00:01""#, #""aTimestamp":"2026-02-29T00:00:00Z""#,
            #""aTimestamp":"2026-01-01T24:00:00Z""#, #""aTimestamp":"2026-01-01T00:00:60Z""#,
            #""aTimestamp":"2026-01-01T00:00:00""#, #""aDate":"0000-01-01""#,
            #""aDate":"2026-13-01""#, #""aDate":"10000-01-01""#, #""aDate":"2026-1-1""#,
            #""aMoney":{"currency":"EUR"}"#, #""aMoney":{"currency":"eur","amount":"1"}"#,
            #""aMoney":{"currency":"EUR","amount":"1","amount":"1"}"#,
        ] {
            #expect(optionals(member) == nil, "\(member)")
        }
    }

    @Test("strings and bytes: escapes, surrogates, UTF-8 and base64")
    func strings() {
        #expect(scalars(#""aString":"\ud83d\ude00""#)?.aString == "\u{1F600}")
        #expect(scalars(#""aString":"\u0000\/\"\\""#)?.aString == "\0/\"\\")
        #expect(scalars(#""someBytes":"-_8=""#)?.someBytes == [0xFB, 0xFF])
        #expect(scalars(#""someBytes":"+/8""#)?.someBytes == [0xFB, 0xFF])
        for member in [
            #""aString":"\ud83d""#, #""aString":"\ude00""#, #""aString":"\ud83dx""#,
            #""aString":"\ud83d\ud83d""#, #""aString":"\u12""#, #""aString":"\u12g4""#,
            #""aString":"\x41""#, #""aString":"\"#, #""aString":"\u"#, "\"aString\":\"\n\"",
            #""someBytes":"A""#, #""someBytes":"AB""#, #""someBytes":"AA=""#,
            #""someBytes":"====""#,
            #""someBytes":"AA==AA==""#, #""someBytes":"AA A""#,
        ] {
            #expect(scalars(member) == nil, "\(member)")
        }
        for sequence: [UInt8] in [
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE2, 0x82],
            [0xFF],
        ] {
            let text = Array(#"{"aString":""#.utf8) + sequence + Array(#""}"#.utf8)
            #expect(throws: JSONError.self, "\(sequence)") {
                try TestEverythingV1.Scalars(jsonBytes: text)
            }
            let record = [0x72, UInt8(sequence.count)] + sequence
            for door in [Door.strict, .tolerant] {
                let error = #expect(throws: WireError.self) {
                    try TestEverythingV1.Scalars(decoding: record, door: door)
                }
                #expect(error?.code == .invalidUTF8, "\(sequence)")
            }
        }
    }
}
