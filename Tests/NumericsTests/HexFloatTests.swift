import Numerics
import Testing

@Suite("Hexadecimal floats")
struct HexFloatTests {
    @Test("they are written as Python writes them")
    func texts() {
        let cases: [(Double, String)] = [
            (4, "0x1.0000000000000p+2"), (0, "0x0.0p+0"), (-0.0, "-0x0.0p+0"),
            (0.1, "0x1.999999999999ap-4"), (-3.5, "-0x1.c000000000000p+1"),
            (.leastNonzeroMagnitude, "0x0.0000000000001p-1022"),
            (.leastNormalMagnitude, "0x1.0000000000000p-1022"),
            (.greatestFiniteMagnitude, "0x1.fffffffffffffp+1023"), (.nan, "nan"),
            (.infinity, "inf"), (-.infinity, "-inf"),
        ]
        for (value, text) in cases { #expect(HexFloat.text(value) == text) }
    }

    @Test("any number of digits is read and rounded once")
    func reading() {
        let cases: [(String, Double)] = [
            ("0x0p+0", 0), ("0x1.8p+1", 3), ("0X1.8P1", 3), ("+0xAp-1", 5), ("0x.8", 0.5),
            ("0x1p-1074", .leastNonzeroMagnitude), ("0x1p-1075", 0),
            ("0x1.8p-1075", .leastNonzeroMagnitude),
            ("0x1p-99999999999999999999", 0), ("0x1p+1024", .infinity), ("-0x1p+9999", -.infinity),
            ("0x1.00000000000008p+0", 1), ("0x1.000000000000080000000000000001p+0", 1.0.nextUp),
            ("0x1.00000000000018p+0", 1.0.nextUp.nextUp), ("0x10000000000000000000p-76", 1),
            ("0x0.00000000000000000000000001p+104", 1),
        ]
        for (text, value) in cases { #expect(HexFloat.parse(text) == value, "\(text)") }
        #expect(HexFloat.parse("-0x0p0")?.sign == .minus)
    }

    @Test("what is none is refused")
    func refusals() {
        for text in ["", "0x", "0x.", "1p0", "0x1p", "0x1p+", "0x1.2.3", "0x1 ", "0xg", "nan", "-"]
        {
            #expect(HexFloat.parse(text) == nil, "\(text)")
        }
    }

    @Test("every double survives")
    func roundTrip() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard !value.isNaN else { continue }
            let text = HexFloat.text(value)
            #expect(NumberText.parse(text)?.bitPattern == value.bitPattern, "\(text)")
        }
    }

    @Test("a table's number may be decimal, hexadecimal, missing or infinite")
    func tables() {
        #expect(NumberText.parse("-1.5e3") == -1_500)
        #expect(NumberText.parse("0x1p4") == 16)
        #expect(NumberText.parse("nan")?.isNaN == true)
        #expect(NumberText.parse("-inf") == -.infinity)
        #expect(NumberText.parse("nano") == nil)
        #expect(NumberText.parse("") == nil)
    }
}
