import Testing

@testable import FeatureCore

@Suite struct DriftTests {
    private func sketch(
        _ count: Int, status: UInt8 = 0, _ value: (Int) -> Double
    ) -> FeatureSketch {
        var sketch = FeatureSketch()
        for index in 0..<count {
            sketch.add(value(index), status: status, isCategory: false)
        }
        return sketch
    }

    private func lognormalish(_ random: inout SeededGenerator, _ shift: Double = 1) -> Double {
        // The product of uniforms: many octaves, without a library's logarithm.
        var product = shift * 100
        for _ in 0..<4 { product *= Double(random.next() >> 11) / Double(1 << 53) * 2 }
        return product
    }

    @Test("a shift of the distribution is told, its absence is not", arguments: [1, 7, 23])
    func shift(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let baseline = sketch(20_000) { _ in lognormalish(&random) }
        let same = sketch(5_000) { _ in lognormalish(&random) }
        let shifted = sketch(5_000) { _ in lognormalish(&random, 4) }
        let none = Drift(of: same, against: baseline)
        #expect(none.alerts.isEmpty)
        #expect(none.stability < 0.02)
        let planted = Drift(of: shifted, against: baseline)
        #expect(planted.alerts == [.distribution])
        #expect(planted.divergence > none.divergence)
        #expect(planted.divergence <= 1)
    }

    @Test("samples of one distribution pass the 99.9 % point about once in a thousand times")
    func nullRate() {
        // With 1,000 values on each side the point is 0.056: the index itself is held against it.
        var random = SeededGenerator(seed: 42)
        var beyond = 0
        let rounds = 2_000
        for _ in 0..<rounds {
            let baseline = sketch(1_000) { _ in Double(random.next() >> 11) / Double(1 << 53) }
            let current = sketch(1_000) { _ in Double(random.next() >> 11) / Double(1 << 53) }
            let drift = Drift(of: current, against: baseline)
            #expect(drift.alerts.isEmpty)
            if drift.stability > 27.877 * (2.0 / 1_000) { beyond += 1 }
        }
        #expect(beyond <= 8, "seed 42: \(beyond) of \(rounds)")
    }

    @Test("a feature of one value has one bin, and leaving it is seen")
    func constant() {
        let baseline = sketch(2_000) { _ in 0 }
        #expect(Drift(of: baseline, against: baseline).stability == 0)
        let moved = sketch(2_000) { $0 % 2 == 0 ? 0 : 5 }
        let drift = Drift(of: moved, against: baseline)
        #expect(drift.isOutOfRange)
    }

    @Test("an atom with half of the values is one bin of several")
    func atom() {
        let baseline = sketch(4_000) { $0 % 2 == 0 ? 0 : Double($0 % 400) }
        let same = Drift(of: baseline, against: baseline)
        #expect(same.stability == 0)
        let gone = sketch(4_000) { Double($0 % 400) }
        #expect(Drift(of: gone, against: baseline).alerts == [.distribution])
    }

    @Test("missing and stale values raise alerts of their own; few values raise none")
    func rates() {
        let baseline = sketch(2_000) { Double($0) }
        let nulls = sketch(2_000) { $0 % 20 == 0 ? .nan : Double($0) }
        #expect(Drift(of: nulls, against: baseline).alerts == [.nulls])
        let stale = sketch(2_000, status: 0x08) { Double($0) }
        #expect(Drift(of: stale, against: baseline).alerts == [.stale])
        let few = Drift(of: sketch(999) { _ in 1e9 }, against: baseline)
        #expect(few.isInsufficient)
        #expect(few.alerts.isEmpty)
        let nothing = Drift(of: FeatureSketch(), against: FeatureSketch())
        #expect(nothing.isInsufficient)
        #expect(nothing.stability == 0)
    }
}
