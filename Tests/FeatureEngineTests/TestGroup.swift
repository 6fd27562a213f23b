import FeatureEngine

/// A group with something of every kind, for the events of ``RandomLog``.
enum TestGroup {
    static let tiers: [Tier] = [
        .minute, .hour, .day, .week, .month, .quarter, .halfYear, .year,
        .lagged(reach: 37 * 86_400_000), .ever, Tier(span: 21_600_000, hop: 600_000),
    ]
    static let lagged = 8
    static let ever = 9
    static let custom = 10
    static let all: UInt64 = (1 << 11) - 1

    /// Payments; their amounts; filtered ones; labels at the time of their payment; payments and
    /// credits together; the second role; by channel; by amount.
    static let measures = [
        Measure(sources: [Source(event: 0)], tiers: all),
        Measure(
            sources: [Source(event: 0, values: [0])], statistics: [.max, .min, .logarithms],
            tiers: all),
        Measure(sources: [Source(event: 0, filter: 3)], tiers: 0b0000_0011_1110),
        Measure(sources: [Source(event: 1, time: 0)], tiers: 0b0001_0000_0100),
        Measure(
            sources: [
                Source(event: 0, filter: 64, values: [0]), Source(event: 2, values: [1]),
            ], statistics: .min, tiers: 0b0010_1000_1001),
        Measure(sources: [Source(event: 0, touch: 1), Source(event: 1, touch: 1)], tiers: all),
        Measure(
            sources: [Source(event: 0, values: [1])], classes: .code, tiers: 0b0000_0010_0110),
        Measure(
            sources: [Source(event: 0, filter: 200, values: [0])], classes: .magnitude,
            tiers: 0b0000_0000_1001),
    ]

    static let group = Group(tiers: tiers, measures: measures)

    /// Every aggregate of every measure in every tier that keeps it, with windows of all lengths.
    static let aggregates: [AggregateRead] = {
        var reads: [AggregateRead] = []
        for (tier, declared) in tiers.enumerated() {
            for (index, measure) in measures.enumerated()
            where measure.tiers >> UInt64(tier) & 1 == 1 && measure.classes == nil {
                for part in [1, 2, 5] where tier != ever || part == 1 {
                    let window = declared.span / Int64(part)
                    for aggregate in Aggregate.allCases
                    where measure.statistics.isSuperset(of: aggregate.statistics) {
                        reads.append(
                            AggregateRead(
                                aggregate: aggregate, measure: index, tier: tier, window: window,
                                defaultValue: part == 1 ? FeatureValue.missing : 0))
                    }
                }
            }
        }
        let day: Int64 = 86_400_000
        for window in [day, 7 * day, 30 * day] {
            for aggregate in [Aggregate.count, .sum, .average, .deviation] {
                reads.append(
                    AggregateRead(
                        aggregate: aggregate, measure: aggregate == .count ? 0 : 1, tier: lagged,
                        window: window, lag: 7 * day))
            }
            reads.append(
                AggregateRead(
                    aggregate: .count, measure: 3, tier: lagged, window: window, lag: 7 * day,
                    per: 0))
        }
        return reads
    }()
}
