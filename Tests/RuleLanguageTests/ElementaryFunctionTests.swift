import Testing

@testable import RuleLanguage

@Suite struct ElementaryFunctionTests {
    /// Doubles between two numbers.
    static func ulps(_ a: Double, _ b: Double) -> Double {
        a == b ? 0 : abs(a - b) / max(a.ulp, b.ulp)
    }

    @Test("logarithms are within one unit of the last place")
    func logarithms() {
        var worst = 0.0
        for (x, expected) in ReferenceValues.logarithms {
            worst = max(worst, Self.ulps(ElementaryFunctions.logarithm(x), expected))
        }
        #expect(worst <= 1)
    }

    @Test("sines and cosines of cycles are within 2⁻⁵² of the true ones, and exact at quarters")
    func cycles() {
        for (x, period, sine, cosine) in ReferenceValues.cycles {
            #expect(abs(ElementaryFunctions.sineOfTurns(x / period) - sine) <= 0x1p-52)
            #expect(abs(ElementaryFunctions.cosineOfTurns(x / period) - cosine) <= 0x1p-52)
        }
        #expect(ElementaryFunctions.sineOfTurns(0.25) == 1)
        #expect(ElementaryFunctions.sineOfTurns(12 / 24) == 0)
        #expect(ElementaryFunctions.cosineOfTurns(0.5) == -1)
        #expect(ElementaryFunctions.cosineOfTurns(0.75) == 0)
    }

    @Test("sines and cosines of hours and weekdays are within one unit of the last place")
    func calendar() {
        // From fifty digits.
        let expected: [(x: Double, period: Double, sine: Double, cosine: Double)] = [
            (16, 24, -0.8660254037844386, -0.5), (5, 24, 0.9659258262890683, 0.25881904510252074),
            (2, 7, 0.9749279121818236, -0.2225209339563144),
            (1, 7, 0.7818314824680298, 0.6234898018587335),
            (4 + 7e15, 7, -0.4338837391175581, -0.9009688679024191),
        ]
        for (x, period, sine, cosine) in expected {
            #expect(abs(ElementaryFunctions.sine(x, of: period) - sine) <= sine.ulp)
            #expect(abs(ElementaryFunctions.cosine(x, of: period) - cosine) <= cosine.ulp)
        }
    }

    @Test("distances agree with the formula to a millimetre, also next to the poles and antipodes")
    func distances() throws {
        for (a, b, c, d, expected) in ReferenceValues.distances {
            let from = try #require(Coordinates(latitude: a, longitude: b))
            let to = try #require(Coordinates(latitude: c, longitude: d))
            // Close to the antipode the formula itself loses half of the digits.
            let tolerance = expected > 20_000 ? 1e-3 : 1e-6
            #expect(abs(GreatCircle.kilometres(from, to) - expected) <= tolerance)
            #expect(GreatCircle.kilometres(to, from) == GreatCircle.kilometres(from, to))
        }
    }

    @Test("the results have these bits on every machine")
    func bits() {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ value: Double) { digest = (digest ^ value.bitPattern) &* 0x100_0000_01B3 }
        for step in 1...10_000 {
            let x = Double(step) * 0x1.3c6ef372fe95p-7
            add(ElementaryFunctions.logarithm(x))
            add(ElementaryFunctions.sineOfTurns(x))
            add(ElementaryFunctions.cosineOfTurns(x))
            add(ElementaryFunctions.arcTangent(x, 7))
        }
        #expect(digest == 16_324_973_004_174_693_272)
    }
}
