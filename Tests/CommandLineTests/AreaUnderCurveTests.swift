import Testing

@testable import assay

@Suite struct AreaUnderCurveTests {
    private func area(_ positives: [Double], _ negatives: [Double]) -> Double? {
        AreaUnderCurve.rankStatistic(
            positives.map { (score: $0, isPositive: true) }
                + negatives.map { (score: $0, isPositive: false) })
    }

    @Test("perfect, inverted and blind scores give 1, 0 and one half")
    func extremes() {
        #expect(area([0.8, 0.9], [0.1, 0.2, 0.3]) == 1)
        #expect(area([0.1], [0.2, 0.3]) == 0)
        #expect(area([5, 5, 5], [5, 5]) == 0.5)
    }

    @Test("pairs are counted as by hand, equal scores half")
    func byHand() {
        // Of 3 × 4 pairs: 0.9 beats 4, 0.5 beats 2 and ties 1, 0.2 beats 1: 7.5.
        #expect(area([0.9, 0.5, 0.2], [0.1, 0.3, 0.5, 0.8]) == 7.5 / 12)
    }

    @Test("it is the share of pairs in the right order, for any numbers")
    func pairs() {
        var state: UInt64 = 9
        func number() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 60)
        }
        for size in 1...12 {
            let positives = (0..<size).map { _ in number() }
            let negatives = (0..<13 - size).map { _ in number() }
            var right = 0.0
            for positive in positives {
                for negative in negatives {
                    right += positive > negative ? 1 : positive == negative ? 0.5 : 0
                }
            }
            let expected = right / Double(positives.count * negatives.count)
            #expect(abs((area(positives, negatives) ?? -1) - expected) < 1e-12)
        }
    }

    @Test("without a case of each kind there is no area")
    func undefined() {
        #expect(area([], [1]) == nil && area([1], []) == nil && area([], []) == nil)
    }
}
