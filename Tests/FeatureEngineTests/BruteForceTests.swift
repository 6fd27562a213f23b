import FeatureEngine
import Testing

/// The events of one entity as they arrived, and its features straight from R1, R2 and R6.
private struct BruteForce {
    struct Row {
        let time: Int64
        let amount: Int64?
    }

    var rows: [Row] = []
    var clock: Int64 = 0
    /// Per tier, the clock when an event last came too late for it.
    var late: [Int64?] = [nil, nil]
    static let tiers: [Tier] = [.hour, .day]

    mutating func add(_ row: Row) {
        rows.append(row)
        clock = max(clock, row.time)
        for (index, tier) in Self.tiers.enumerated()
        where floor(row.time, tier.hop) < floor(clock - tier.span, tier.hop) {
            late[index] = clock
        }
    }

    func floor(_ value: Int64, _ hop: Int64) -> Int64 {
        value >= 0 ? value / hop : -((-value + hop - 1) / hop)
    }

    func value(_ read: AggregateRead, at time: Int64) -> FeatureValue {
        let now = max(time, clock)
        let tier = Self.tiers[read.tier]
        let oldest = floor(now - read.window, tier.hop)
        let inside = rows.filter { floor($0.time, tier.hop) >= oldest }
        let amounts = inside.compactMap(\.amount)
        let isLate = late[read.tier].map { now - $0 < tier.span + tier.hop } ?? false
        func value(_ number: Double, of count: Int) -> FeatureValue {
            count == 0
                ? FeatureValue(read.defaultValue, Status(.empty, incomplete: isLate))
                : FeatureValue(number, Status(.present, incomplete: isLate))
        }
        let sum = amounts.reduce(0, +)
        return switch read.aggregate {
        case .count: value(Double(inside.count), of: inside.count)
        case .sum: value(Double(sum), of: amounts.count)
        case .average: value(Double(sum) / Double(max(1, amounts.count)), of: amounts.count)
        case .maximum: value(Double(amounts.max() ?? 0), of: amounts.count)
        }
    }
}

@Suite struct BruteForceTests {
    let group = Group(
        tiers: [.hour, .day],
        measures: [
            Measure(event: 0, touch: 0, field: nil, statistics: [], tiers: 0b11),
            Measure(event: 0, touch: 0, field: 0, statistics: [.sum, .max], tiers: 0b11),
        ])

    var reads: [AggregateRead] {
        let windows: [(Int, Int64)] = [
            (0, 3_600_000), (0, 600_000), (1, 86_400_000), (1, 21_600_000),
        ]
        return windows.flatMap { tier, window in
            [
                AggregateRead(aggregate: .count, measure: 0, tier: tier, window: window),
                AggregateRead(aggregate: .sum, measure: 1, tier: tier, window: window),
                AggregateRead(
                    aggregate: .average, measure: 1, tier: tier, window: window,
                    defaultValue: FeatureValue.missing),
                AggregateRead(aggregate: .maximum, measure: 1, tier: tier, window: window),
            ]
        }
    }

    /// Out of order, duplicated, tied, far too late, stored and loaded again: 1,200 logs.
    @Test("every aggregate equals the one computed from the raw events", arguments: 0..<12)
    func equality(_ part: Int) throws {
        for log in 0..<100 {
            let seed = UInt64(part * 100 + log)
            guard try run(seed: seed) else {
                Issue.record("seed \(seed)")
                return
            }
        }
    }

    private func run(seed: UInt64) throws -> Bool {
        var random = SeededGenerator(seed: seed)
        let plan = ReadPlan(reads, group: group)
        var state = FeatureState(group: group, groupHash: 7)
        var brute = BruteForce()
        var delivered: [(EngineEvent, UInt64)] = []
        var now: Int64 = Int64.random(in: 0...200_000_000, using: &random)
        let pace = Int64.random(in: 1...2_000_000, using: &random)
        for sequence in 1...UInt64(Int.random(in: 2...120, using: &random)) {
            now += Int64.random(in: 0...pace, using: &random)
            let isTied = Int.random(in: 0..<5, using: &random) == 0
            let lateness = Int.random(in: 0..<4, using: &random) == 0 ? Int64(100_000_000) : 600_000
            let time = isTied ? now : max(0, now - Int64.random(in: 0...lateness, using: &random))
            let amount: Int64? =
                Int.random(in: 0..<6, using: &random) == 0
                ? nil : Int64.random(in: -5_000...1_000_000, using: &random)
            let event = EngineEvent(type: 0, time: time, integers: [amount])

            let probe = time + Int64.random(in: -1_000_000...90_000_000, using: &random)
            for (value, read) in zip(state.read(plan, at: probe), reads)
            where value != brute.value(read, at: probe) {
                Issue.record("seed \(seed), sequence \(sequence), \(read): \(value)")
                return false
            }
            _ = state.apply(event, touches: 1, sequence: sequence, delivery: .first)
            brute.add(BruteForce.Row(time: time, amount: amount))
            delivered.append((event, sequence))
            if Int.random(in: 0..<3, using: &random) == 0 {
                let again = delivered[Int.random(in: 0..<delivered.count, using: &random)]
                let before = state
                let outcome = state.apply(again.0, touches: 1, sequence: again.1, delivery: .again)
                guard outcome == .alreadyApplied || outcome == .uncertain, state == before else {
                    return false
                }
            }
            if Int.random(in: 0..<8, using: &random) == 0 {
                state = try FeatureState(decoding: state.encode(), group: group, groupHash: 7)
            }
        }
        return true
    }

    @Test("the order in which events arrive changes no tile, clock or ring", arguments: 0..<50)
    func permutations(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let events = (1...40).map { sequence in
            (
                EngineEvent(
                    type: 0, time: Int64.random(in: 0...90_000_000, using: &random),
                    integers: [Int64.random(in: 0...9_999, using: &random)]), UInt64(sequence)
            )
        }
        func fold(_ events: [(EngineEvent, UInt64)]) -> [FeatureValue] {
            var state = FeatureState(group: group, groupHash: 7)
            for (event, sequence) in events {
                _ = state.apply(event, touches: 1, sequence: sequence, delivery: .first)
            }
            return state.read(ReadPlan(reads, group: group), at: 0)
                .map { FeatureValue($0.number, Status($0.status.kind)) }
        }
        #expect(fold(events) == fold(events.shuffled(using: &random)), "seed \(seed)")
    }
}
