import Foundation
import RuleLanguage
import Testing

@testable import FeatureEngine

@Suite struct FeatureStateTests {
    let group = Group(
        tiers: [.hour],
        measures: [
            Measure(
                sources: [Source(event: 0, touch: 0, values: [0])], statistics: [.sum, .max],
                tiers: 1)
        ])

    func event(_ time: Int64, _ amount: Int64) -> EngineEvent {
        EngineEvent(type: 0, time: time, values: [amount])
    }

    var sum: ReadPlan {
        ReadPlan(
            [AggregateRead(aggregate: .sum, measure: 0, tier: 0, window: 3_600_000)], group: group)
    }

    @Test("versions start at the first sequence and grow by one")
    func versions() {
        var state = FeatureState(group: group, groupHash: 1)
        #expect(
            state.apply(event(1, 1), touches: 1, sequence: 90, delivery: .first)
                == .applied(version: 90))
        #expect(
            state.apply(event(2, 1), touches: 1, sequence: 95, delivery: .first)
                == .applied(version: 91))
    }

    @Test("an event delivered again is applied only if it surely was not")
    func again() {
        var state = FeatureState(group: group, groupHash: 1)
        for sequence in UInt64(1)...70 {
            _ = state.apply(event(10, 1), touches: 1, sequence: sequence * 2, delivery: .first)
        }
        func again(_ sequence: UInt64) -> Applied {
            state.apply(event(10, 1), touches: 1, sequence: sequence, delivery: .again)
        }
        #expect(again(140) == .alreadyApplied)
        #expect(again(14) == .alreadyApplied)
        #expect(again(4) == .uncertain)
        #expect(again(3) == .uncertain)
        #expect(again(101) == .applied(version: 72))
        #expect(again(141) == .applied(version: 73))
    }

    @Test("a sum that would overflow stops at the limit and says so until the window is past")
    func overflow() {
        var state = FeatureState(group: group, groupHash: 1)
        _ = state.apply(event(1_000, .max), touches: 1, sequence: 1, delivery: .first)
        #expect(!state.read(sum, at: 0)[0].status.isIncomplete)
        _ = state.apply(event(1_000, .max), touches: 1, sequence: 2, delivery: .first)
        let value = state.read(sum, at: 0)[0]
        #expect(value.number == Double(Int64.max))
        #expect(value.status.isIncomplete)
        #expect(!state.read(sum, at: 3_700_000)[0].status.isIncomplete)
    }

    @Test("a million events in one tile add up, and a window beyond Int64 stops at the limit")
    func limits() {
        let group = Group(
            tiers: [.ever, .hour],
            measures: [
                Measure(
                    sources: [Source(event: 0, values: [0])],
                    statistics: [.max, .min, .logarithms], tiers: 3)
            ])
        #if DEBUG
            let events = 20_000
        #else
            let events = 1_000_000
        #endif
        var state = FeatureState(group: group, groupHash: 1)
        for number in 1...events {
            _ = state.apply(
                event(Int64(number % 1_000), Int64(number)), touches: 1, sequence: UInt64(number),
                delivery: .first)
        }
        func read(_ aggregate: Aggregate, _ tier: Int) -> FeatureValue {
            let window = group.tiers[tier].span
            let read = AggregateRead(aggregate: aggregate, measure: 0, tier: tier, window: window)
            return state.read(ReadPlan([read], group: group), at: 0)[0]
        }
        let count = Double(events)
        #expect(read(.count, 0) == FeatureValue(count, Status(.present)))
        #expect(read(.sum, 0).number == count * (count + 1) / 2)
        #expect(read(.average, 0).number == (count + 1) / 2)
        #expect(read(.maximum, 0).number == count)
        #expect(read(.minimum, 0).number == 1)
        // Logarithms of 1 to n have a deviation that tends to 1.
        #expect(abs(read(.deviation, 0).number - 1) < 0.01)
        for (minute, amount) in [(1, Int64.max), (2, .max), (3, .min), (4, .min)] {
            _ = state.apply(
                event(Int64(minute) * 60_000, amount), touches: 1,
                sequence: UInt64(events + minute), delivery: .first)
        }
        // No tile of the hour is over the limit, and neither is their sum.
        #expect(read(.sum, 1).number == count * (count + 1) / 2 - 2)
        #expect(read(.sum, 1).status == Status(.present))
        #expect(read(.sum, 0).status == Status(.present, .incomplete))
        for minute in 5...6 as ClosedRange<Int64> {
            _ = state.apply(
                event(minute * 60_000, .min), touches: 1, sequence: UInt64(events) + UInt64(minute),
                delivery: .first)
        }
        #expect(
            read(.sum, 1) == FeatureValue(Double(Int64.min), Status(.present, .incomplete)))
        #expect(read(.minimum, 1).number == Double(Int64.min))
    }

    @Test(
        "a window holds its oldest tile whole, from its first millisecond, and nothing before",
        arguments: Tier.standard)
    func edges(_ tier: Tier) {
        let group = Group(
            tiers: [tier], measures: [Measure(sources: [Source(event: 0)], tiers: 1)])
        let now = tier.hop * 1_000 + tier.hop / 2
        let oldest = (now - tier.span) / tier.hop * tier.hop
        let read = AggregateRead(aggregate: .count, measure: 0, tier: 0, window: tier.span)
        let plan = ReadPlan([read], group: group)
        func count(_ times: [Int64]) -> FeatureValue {
            var state = FeatureState(group: group, groupHash: 1)
            for (index, time) in times.enumerated() {
                _ = state.apply(
                    event(time, 1), touches: 1, sequence: UInt64(index + 1), delivery: .first)
            }
            return state.read(plan, at: now)[0]
        }
        // Before the newest event or long after it: the tile's first millisecond counts.
        #expect(count([oldest, now]) == FeatureValue(2, Status(.present)))
        #expect(count([now, oldest]) == FeatureValue(2, Status(.present)))
        #expect(count([oldest - 1, now]) == FeatureValue(1, Status(.present)))
        #expect(count([now, oldest - 1]) == FeatureValue(1, Status(.present, .incomplete)))
        #expect(count([oldest - 1]) == FeatureValue(0, Status(.empty)))
    }

    @Test("windows get the first tier that is long enough and whose hop divides them")
    func choice() throws {
        let (minute, hour, day) = (Int64(60_000), Int64(3_600_000), Int64(86_400_000))
        let expected: [(Int64, Tier)] = [
            (minute, .minute), (5 * minute, .hour), (10 * minute, .hour), (hour, .hour),
            (6 * hour, .day), (day, .day), (7 * day, .week), (28 * day, .month),
            (30 * day, .month), (56 * day, .quarter), (90 * day, .quarter), (180 * day, .halfYear),
            (210 * day, .year), (365 * day, .year),
        ]
        for (window, tier) in expected { #expect(try Tier.answering(window: window) == tier) }
        let most: [Int64] = [61, 61, 97, 57, 61, 91, 61, 74]
        #expect(Tier.standard.map(\.maximumTiles) == most)
        #expect(Tier.ever.maximumTiles - 1 == 1)
        #expect(try Tier.answering(window: 6 * hour, hop: minute).hop == minute)
        #expect(try Tier.answering(window: day, hop: 900_000) == .day)
        #expect(throws: TierProblem.overshoot(minute)) { try Tier.answering(window: 3 * minute) }
        #expect(throws: TierProblem.noTier) { try Tier.answering(window: 366 * day) }
        #expect(throws: TierProblem.hopDoesNotDivide) {
            try Tier.answering(window: hour, hop: 7_000)
        }
        #expect(throws: TierProblem.tooManyTiles(86_401)) {
            try Tier.answering(window: day, hop: 1_000)
        }
        let lagged = try Tier.answering(window: 30 * day, lag: 7 * day)
        #expect(lagged.maximumTiles == 8 * 37 + 1)
        #expect(throws: TierProblem.hopDoesNotDivide) {
            try Tier.answering(window: hour, lag: 7 * day)
        }
    }

    @Test("an event too late for its tier is counted there, not added")
    func late() {
        var state = FeatureState(group: group, groupHash: 1)
        _ = state.apply(event(10_000_000, 5), touches: 1, sequence: 1, delivery: .first)
        _ = state.apply(event(10, 7), touches: 1, sequence: 2, delivery: .first)
        let value = state.read(sum, at: 0)[0]
        #expect(value.number == 5)
        #expect(value.status.isIncomplete)
        #expect(state.clock == 10_000_000)
    }

    @Test("one event in two roles of one key is one version and counts in both")
    func roles() {
        let group = Group(
            tiers: [.hour],
            measures: [
                Measure(
                    sources: [Source(event: 0, touch: 0)], statistics: [], tiers: 1),
                Measure(
                    sources: [Source(event: 0, touch: 1)], statistics: [], tiers: 1),
            ])
        var state = FeatureState(group: group, groupHash: 1)
        _ = state.apply(event(5, 1), touches: 0b11, sequence: 1, delivery: .first)
        _ = state.apply(event(6, 1), touches: 0b10, sequence: 2, delivery: .first)
        let reads = (0..<2).map {
            AggregateRead(aggregate: .count, measure: $0, tier: 0, window: 3_600_000)
        }
        #expect(state.read(ReadPlan(reads, group: group), at: 6).map(\.number) == [1, 2])
        #expect(state.version == 2)
    }

    @Test(
        "the integer logarithm is within 1.5/1024 of the real one, and its table is rounded right")
    func logarithm() {
        for index in 0..<1024 {
            let exact = (log(1 + Double(index) / 1024) * 4_294_967_296).rounded()
            #expect(Double(Logarithm.table[index]) == exact)
        }
        #if DEBUG
            let values = 100_000
        #else
            let values = 10_000_000
        #endif
        var random = SeededGenerator(seed: 5)
        for _ in 0..<values {
            let value =
                Int64.random(in: 1...Int64.max, using: &random)
                >> Int64.random(in: 0..<62, using: &random)
            let logarithm = Logarithm.ln1024(value)
            let error = Double(logarithm) - log(Double(max(1, value))) * 1024
            if abs(error) >= 1.5 || logarithm != BruteForce.ln1024(value) {
                Issue.record("ln1024(\(value)) = \(logarithm)")
                return
            }
        }
        for value in [2, 3, 1023, 1024, 1025, .max - 1, .max] as [Int64] {
            #expect(Logarithm.ln1024(value) == BruteForce.ln1024(value))
            #expect(Logarithm.ln1024(value) >= Logarithm.ln1024(value - 1))
        }
        #expect(Logarithm.ln1024(0) == 0)
        #expect(Logarithm.ln1024(-7) == 0)
    }

    @Test("the checksum is CRC-32C")
    func checksum() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    }
}
