import Testing

@testable import FeatureEngine

@Suite struct SketchTests {
    @Test(
        "for any window a sketch has the registers of a fresh one fed that window",
        arguments: [8, 10])
    func fresh(_ bits: Int) {
        var random = SeededGenerator(seed: UInt64(bits))
        var sketch = SlidingSketch(bits: bits)
        var lastSeen: [UInt64: Int64] = [:]
        for round in 0..<6_000 {
            let hash = SeededGenerator.mix(UInt64.random(in: 0..<2_500, using: &random))
            let time = Int64(round) + Int64.random(in: 0...900, using: &random)
            sketch.insert(hash, at: time)
            lastSeen[hash] = max(lastSeen[hash] ?? 0, time)
        }
        let starts: [Int64] = [0, 1_000, 4_500, 6_400, 6_899, 9_000]
        let histogram = sketch.rankCounts(since: starts)
        for (index, start) in starts.enumerated() {
            var fresh = SlidingSketch(bits: bits)
            for (hash, time) in lastSeen where time >= start { fresh.insert(hash, at: time) }
            #expect(Array(histogram[index * 25..<(index + 1) * 25]) == fresh.rankCounts(since: [0]))
        }
        for few in 1..<starts.count {
            #expect(
                sketch.rankCounts(since: Array(starts.prefix(few)))
                    == Array(histogram.prefix(few * 25)))
        }
        var dropped = sketch
        dropped.drop(before: 4_500)
        #expect(dropped.rankCounts(since: [4_500]) == sketch.rankCounts(since: [4_500]))
        #expect(dropped.rankCounts(since: [0]) == sketch.rankCounts(since: [4_500]))
    }

    @Test("the order in which values are seen leaves no trace, ties included")
    func order() {
        var random = SeededGenerator(seed: 3)
        let seen = (0..<4_000).map { _ in
            (SeededGenerator.mix(random.next()), Int64.random(in: 0...20, using: &random))
        }
        func fold(_ seen: [(UInt64, Int64)]) -> SlidingSketch {
            var sketch = SlidingSketch(bits: 8)
            for (hash, time) in seen { sketch.insert(hash, at: time) }
            return sketch
        }
        #expect(fold(seen) == fold(seen.shuffled(using: &random)))
        #expect(fold(seen) == fold(seen + seen.suffix(1_000)))
        #expect(fold(seen) == fold(seen.sorted { $0.1 < $1.1 }))
    }

    @Test("counts are within five standard errors from one value up")
    func error() {
        #if DEBUG
            let counts = [1, 2, 10, 100, 1_000, 10_000]
        #else
            let counts = [1, 2, 10, 100, 1_000, 10_000, 1_000_000]
        #endif
        for (bits, standardError) in [(8, 0.065), (10, 0.0325)] {
            for count in counts {
                var sketch = SlidingSketch(bits: bits)
                for value in 0..<UInt64(count) {
                    sketch.insert(SeededGenerator.mix(value &* 77 &+ UInt64(count)), at: 5)
                }
                let estimate = CardinalityEstimate.count(ranks: sketch.rankCounts(since: [0])[...])
                let error = abs(Double(estimate) / Double(count) - 1)
                #expect(error < 5 * standardError, "\(bits) bits, \(count): \(estimate)")
            }
            let empty = SlidingSketch(bits: bits)
            #expect(CardinalityEstimate.count(ranks: empty.rankCounts(since: [0])[...]) == 0)
        }
    }

    @Test("the sketch comes with one value too many and goes with the first one forgotten")
    func boundary() throws {
        let attribute = Attribute(
            sources: [Source(event: 0, values: [0])], remember: 3_600_000, exact: 4, sketchBits: 8)
        let group = Group(attributes: [attribute])
        let read = AttributeRead(
            attribute: 0, aspect: .distinct(window: 3_600_000, hop: 60_000))
        let plan = ReadPlan([.attribute(read)], group: group)
        var state = FeatureState(group: group, groupHash: 1)
        func see(_ value: Int64, at minute: Int64) {
            let event = EngineEvent(
                type: 0, time: minute * 60_000,
                values: [Int64(bitPattern: SeededGenerator.mix(UInt64(value)))])
            _ = state.apply(
                event, touches: 1, sequence: state.highestSequence + 1, delivery: .first)
        }
        for value in 1...4 { see(Int64(value), at: Int64(value)) }
        #expect(state.read(plan, at: 0) == [FeatureValue(4, Status(.present))])
        see(5, at: 5)
        #expect(state.attributes[0].hasOverflowed)
        #expect(state.read(plan, at: 0) == [FeatureValue(5, Status(.present, .approximate))])
        // A window that the table covers is exact all the same.
        #expect(state.read(plan, at: 63 * 60_000) == [FeatureValue(3, Status(.present))])
        #expect(try FeatureState(decoding: state.encode(), group: group, groupHash: 1) == state)
        see(5, at: 63)
        #expect(!state.attributes[0].hasOverflowed)
        #expect(state.attributes[0].rows.count == 3)
    }
}
