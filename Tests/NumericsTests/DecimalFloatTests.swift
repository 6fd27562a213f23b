import Numerics
import Testing

@Suite("Decimal text to float32")
struct DecimalFloatTests {
    @Test("edge cases round once, to nearest, ties to even")
    func edges() {
        let cases: [(String, UInt32)] = [
            ("0", 0), ("-0", 0x8000_0000), ("1", 0x3F80_0000), ("5E-1", 0x3F00_0000),
            ("3.4028234663852886e38", 0x7F7F_FFFF), ("3.40282356779733661638e38", 0x7F80_0000),
            ("3.40282356779733661637e38", 0x7F7F_FFFF), ("1e39", 0x7F80_0000),
            ("1e99999", 0x7F80_0000),
            ("1.401298464324817e-45", 1), ("7.006492321624085e-46", 0),
            ("7.006492321624086e-46", 1), ("1e-46", 0), ("1e-99999", 0),
            ("1.1754943508222875e-38", 0x0080_0000), ("1.1754942807573643e-38", 0x0080_0000),
            ("1.1754942807573642e-38", 0x007F_FFFF),
            // Exactly between two floats, and a hair to each side: even wins, the hair decides.
            ("16777217", 0x4B80_0000), ("16777219", 0x4B80_0002), ("16777217.0000001", 0x4B80_0001),
            // A double would round onto the midpoint and then the wrong way.
            ("1.00000005960464477540", 0x3F80_0001), ("1.00000005960464477539", 0x3F80_0000),
            ("8388609.500000000000000000000000001", 0x4B00_0002),
            ("0.000000000000000000000000000000000000000000000000001e51", 0x3F80_0000),
        ]
        for (text, bits) in cases {
            #expect(DecimalFloat.parse(text)?.bitPattern == bits, "\(text)")
        }
    }

    @Test("what is no number is none")
    func refusals() {
        for text in ["", "-", "1.", ".", "e5", "1e", "1e+", "1x", "0x1", " 1", "1 ", "1.2.3"] {
            #expect(DecimalFloat.parse(text) == nil, "\(text)")
        }
    }

    @Test(
        "every float survives its shortest text, and random decimals equal the standard library's")
    func random() {
        var random = SplitMix64(seed: 2_026)
        for _ in 0..<20_000 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            if value.isFinite {
                #expect(DecimalFloat.parse("\(value)")?.bitPattern == value.bitPattern)
            }
            let digits = random.next() >> UInt64(random.next(below: 60))
            let text = "\(digits).\(random.next(below: 1_000_000))e\(random.next(below: 100) - 60)"
            #expect(DecimalFloat.parse(text) == Float(text), "\(text)")
        }
    }

    @Test("decimals beside the midpoint of two floats fall to the right side")
    func midpoints() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<4_000 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()) & 0x7FFF_FFFF)
            guard value.isFinite, value.nextUp.isFinite, value > 1e-30, value < 1e30 else {
                continue
            }
            let middle = (Double(value) + Double(value.nextUp)) / 2
            let even = value.bitPattern & 1 == 0 ? value : value.nextUp
            if middle < 1e15, middle > 1e-3, "\(middle)".count < 17 {
                #expect(DecimalFloat.parse("\(middle)") == Float("\(middle)"))
            }
            #expect(DecimalFloat.parse("\(middle.nextDown)") == value)
            #expect(DecimalFloat.parse("\(middle.nextUp)") == value.nextUp)
            #expect(even == value || even == value.nextUp)
        }
    }
}
