import Testing

@testable import Simulation

@Suite struct RandomStreamTests {
    @Test("SplitMix64 gives the published numbers of seed 1234567")
    func splitMixVector() {
        var generator = SplitMix64(state: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect(expected.indices.map { _ in generator.next() } == expected)
    }

    @Test("two streams of one pair of seed and entity agree, and of different pairs do not")
    func streamsAreApart() {
        var first = RandomStream(seed: 7, entity: 1)
        var again = RandomStream(seed: 7, entity: 1)
        var other = RandomStream(seed: 7, entity: 2)
        let numbers = (0..<64).map { _ in first.next() }
        #expect(numbers == (0..<64).map { _ in again.next() })
        #expect(numbers != (0..<64).map { _ in other.next() })
    }

    @Test("a bounded draw reaches every value about equally often")
    func boundedDraw() {
        var random = RandomStream(seed: 3)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[random.index(7)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 10_000) < 500 }, "\(counts)")
    }

    @Test("the tables keep their medians and means")
    func tables() {
        var random = RandomStream(seed: 11)
        let draws = (0..<100_001).map { _ in random.draw(.logNormalWide) }.sorted()
        #expect(abs(draws[50_000] - 1000) < 25)
        let mean = (0..<100_000).reduce(Int64(0)) { sum, _ in sum + random.draw(.exponential) }
        // Straight lines between the quantiles of a convex curve lie a little above it.
        #expect(abs(mean / 100_000 - 1000) < 50)
        #expect(QuantileTable.exponential.value(at: .max) <= 7200)
        #expect(QuantileTable.exponential.value(at: 0) == 0)
    }
}
