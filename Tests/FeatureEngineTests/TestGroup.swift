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

    static let day: Int64 = 86_400_000

    /// The newest payment; the newest credit or payment of a kind; the first of a kind; a snapshot.
    static let registers = [
        Register(
            sources: [Source(event: 0, values: [0, 1, 2])], values: [.integer, .code, .hash],
            remember: 30 * day),
        Register(
            sources: [Source(event: 0, filter: 3, values: [0]), Source(event: 2, values: [1])],
            values: [.integer]),
        Register(
            sources: [Source(event: 0, filter: 64, values: [0])], values: [.integer],
            keeps: .oldest),
        Register(
            sources: [Source(event: 1, values: [0])], values: [.time], remember: 90 * day,
            isSnapshot: true, maximumAge: day),
    ]

    /// The first overflows and forgets, the second does neither.
    static let attributes = [
        Attribute(
            sources: [Source(event: 0, values: [2])], remember: 30 * day, exact: 8, sketchBits: 8),
        Attribute(
            sources: [Source(event: 0, values: [2]), Source(event: 2, values: [0])],
            remember: nil, exact: 64, sketchBits: 10),
    ]

    static let tables = [
        KeyedTable(
            sources: [Source(event: 0, values: [2, 0, 1])],
            terms: [[KeyedTable.Term(field: 0), KeyedTable.Term(filter: 200)]],
            values: [.integer, .code], rows: 12, remember: 30 * day),
        KeyedTable(
            sources: [Source(event: 0, touch: 1, values: [1]), Source(event: 2, values: [0])],
            terms: [[KeyedTable.Term()], [nil]], values: [], rows: 64),
    ]

    static let recents = [
        RecentList(
            sources: [Source(event: 0, values: [0])], values: [.integer], rows: 16,
            remember: 30 * day),
        RecentList(
            sources: [
                Source(event: 0, filter: 3, values: [0, 2]), Source(event: 1, values: [nil, nil]),
            ],
            values: [.integer, .hash], rows: 7),
    ]

    static let group = Group(
        tiers: tiers, measures: measures, registers: registers, attributes: attributes,
        tables: tables, recents: recents)

    /// Every kind of feature of attributes and registers, and aggregates from raw events.
    static let others: [FeatureRead] = {
        var reads: [FeatureRead] = []
        for attribute in attributes.indices {
            for tier in [Tier.hour, .day, .week, .month] {
                let aspect = AttributeRead.Aspect.distinct(window: tier.span, hop: tier.hop)
                reads.append(.attribute(AttributeRead(attribute: attribute, aspect: aspect)))
                let first = AttributeRead.Aspect.firstSeen(window: tier.span, hop: tier.hop)
                reads.append(.attribute(AttributeRead(attribute: attribute, aspect: first)))
            }
            let aspects: [AttributeRead.Aspect] = [
                .isNew, .secondsSinceFirstSeen, .daysSinceFirstSeen, .secondsSinceLastSeen,
                .timesSeen,
            ]
            for aspect in aspects {
                reads.append(
                    .attribute(
                        AttributeRead(
                            attribute: attribute, aspect: aspect, argument: [2, nil, 0],
                            defaultValue: FeatureValue.missing)))
            }
        }
        for (register, declared) in registers.enumerated() {
            for aspect in [RegisterRead.Aspect.secondsSince, .daysSince] {
                reads.append(.register(RegisterRead(register: register, aspect: aspect)))
            }
            for index in declared.values.indices where declared.values[index] != .hash {
                reads.append(
                    .register(RegisterRead(register: register, aspect: .value(index))))
            }
        }
        for aggregate in Aggregate.allCases {
            reads.append(
                .aggregate(
                    AggregateRead(
                        aggregate: aggregate, measure: aggregate == .count ? 0 : 1, tier: 2,
                        window: 50_000_000,
                        exact: ExactRead(list: 0, value: aggregate == .count ? nil : 0))))
        }
        return reads
    }()

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
        for window in [day, 7 * day, 30 * day] {
            for aggregate in [Aggregate.count, .sum, .average, .deviation, .logAverage] {
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
