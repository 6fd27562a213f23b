import Numerics
import Testing

@Suite("Decimal text to float32 and float64")
struct DecimalNumberTests {
    @Test("edge cases of float32 round once, to nearest, ties to even")
    func edges() {
        let cases: [(String, UInt32)] = [
            ("0", 0), ("-0", 0x8000_0000), ("1", 0x3F80_0000), ("5E-1", 0x3F00_0000),
            ("3.4028234663852886e38", 0x7F7F_FFFF), ("3.40282356779733661638e38", 0x7F80_0000),
            ("3.40282356779733661637e38", 0x7F7F_FFFF), ("1e39", 0x7F80_0000),
            ("1e99999", 0x7F80_0000), ("9e999999999999999999999", 0x7F80_0000),
            ("1.401298464324817e-45", 1), ("7.006492321624085e-46", 0),
            ("7.006492321624086e-46", 1), ("1e-46", 0), ("1e-99999", 0),
            ("1.1754943508222875e-38", 0x0080_0000), ("1.1754942807573643e-38", 0x0080_0000),
            ("1.1754942807573642e-38", 0x007F_FFFF),
            // Exactly between two floats, and a hair to each side: even wins, the hair decides.
            ("16777217", 0x4B80_0000), ("16777219", 0x4B80_0002), ("16777217.0000001", 0x4B80_0001),
            ("16777217.00000000000000000000", 0x4B80_0000),
            ("16777217.00000000000000000001", 0x4B80_0001),
            // A double would round onto the midpoint and then the wrong way.
            ("1.00000005960464477540", 0x3F80_0001), ("1.00000005960464477539", 0x3F80_0000),
            ("8388609.500000000000000000000000001", 0x4B00_0002),
            ("0.000000000000000000000000000000000000000000000000001e51", 0x3F80_0000),
        ]
        for (text, bits) in cases {
            #expect(DecimalNumber.float(text)?.bitPattern == bits, "\(text)")
        }
    }

    @Test("edge cases of float64 round once, to nearest, ties to even")
    func wideEdges() {
        let zeros = String(repeating: "0", count: 400)
        let cases: [(String, UInt64)] = [
            ("0", 0), ("-0.0", 1 << 63), ("1", 0x3FF0_0000_0000_0000),
            ("1.7976931348623157e308", 0x7FEF_FFFF_FFFF_FFFF),
            ("1.7976931348623158e308", 0x7FEF_FFFF_FFFF_FFFF),
            ("1.7976931348623159e308", 0x7FF0_0000_0000_0000),
            ("1e309", 0x7FF0_0000_0000_0000), ("-1e400", 0xFFF0_0000_0000_0000),
            ("5e-324", 1), ("2.4703282292062328e-324", 1), ("2.4703282292062327e-324", 0),
            ("3e-325", 0), ("1e-400", 0),
            ("2.2250738585072014e-308", 0x0010_0000_0000_0000),
            ("2.2250738585072011e-308", 0x000F_FFFF_FFFF_FFFF),
            ("9007199254740993", 0x4340_0000_0000_0000),
            ("9007199254740993.0000000000000000", 0x4340_0000_0000_0000),
            ("9007199254740993.\(zeros)1", 0x4340_0000_0000_0001),
            ("9007199254740995", 0x4340_0000_0000_0002),
            ("1.0000000180025095e-35", 0x38AA_95A5_C000_0000),
            ("0.\(zeros)1e401", 0x3FF0_0000_0000_0000),
            ("1\(zeros)e-400", 0x3FF0_0000_0000_0000),
        ]
        for (text, bits) in cases {
            #expect(DecimalNumber.double(text)?.bitPattern == bits, "\(text)")
        }
    }

    @Test("what is no number is none")
    func refusals() {
        for text in ["", "-", "1.", ".", "e5", "1e", "1e+", "1x", "0x1", " 1", "1 ", "1.2.3"] {
            #expect(DecimalNumber.float(text) == nil, "\(text)")
            #expect(DecimalNumber.double(text) == nil, "\(text)")
        }
    }

    @Test(
        "every number survives its shortest text, and random decimals equal the standard library's")
    func random() {
        var random = SplitMix64(seed: 2_026)
        for _ in 0..<20_000 {
            let bits = random.next()
            let narrow = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
            if narrow.isFinite {
                #expect(DecimalNumber.float("\(narrow)")?.bitPattern == narrow.bitPattern)
            }
            let wide = Double(bitPattern: bits)
            if wide.isFinite {
                #expect(DecimalNumber.double("\(wide)")?.bitPattern == wide.bitPattern)
            }
            let digits = random.next() >> UInt64(random.next(below: 60))
            let fraction = random.next(below: 1_000_000)
            let near = "\(digits).\(fraction)e\(random.next(below: 100) - 60)"
            #expect(DecimalNumber.float(near) == Float(near), "\(near)")
            let far = "\(digits).\(fraction)e\(random.next(below: 660) - 345)"
            #expect(DecimalNumber.double(far) == Double(far), "\(far)")
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
            if middle < 1e15, middle > 1e-3, "\(middle)".count < 17 {
                #expect(DecimalNumber.float("\(middle)") == Float("\(middle)"))
            }
            #expect(DecimalNumber.float("\(middle.nextDown)") == value)
            #expect(DecimalNumber.float("\(middle.nextUp)") == value.nextUp)
        }
    }

    @Test("the midpoint of two doubles, written out in full, goes to the even one")
    func wideMidpoints() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<2_000 {
            // Halves of odd whole numbers of 54 bits, with every digit they have.
            let whole = random.next() >> 11 | 1 << 52
            let text = "\(whole).5"
            let even = Double(whole) + Double(whole & 1)
            #expect(DecimalNumber.double(text) == even, "\(text)")
            #expect(DecimalNumber.double(text + "0000000000000000000001") == Double(whole + 1))
        }
    }
}
