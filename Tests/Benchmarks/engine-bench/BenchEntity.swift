import FeatureEngine

/// SplitMix64.
struct BenchGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// One of the eight states a card payment touches, shaped as the 250 features of the card vector
/// are: amounts in five windows, filtered counts, distinct values, recency, lagged rates.
struct BenchEntity {
    let name: String
    let plan: ReadPlan
    var state: FeatureState
    var clock: Int64 = 1_760_000_000_000
    /// Milliseconds between two events, on average.
    let pace: Int64
    /// How many values its attributes have.
    let values: UInt64

    static func all() -> [BenchEntity] {
        let minute: Int64 = 60_000
        return [
            make("card", filters: 8, attributes: 1, sketch: 8, pace: 400 * minute, values: 60),
            make("account", filters: 0, attributes: 0, sketch: 8, pace: 300 * minute, values: 60),
            make("customer", filters: 5, attributes: 7, sketch: 8, pace: 200 * minute, values: 90),
            make("merchant", filters: 0, attributes: 2, sketch: 10, pace: minute, values: 90_000),
            make("terminal", filters: 0, attributes: 2, sketch: 8, pace: 5 * minute, values: 9_000),
            make("device", filters: 0, attributes: 3, sketch: 8, pace: 600 * minute, values: 5),
            make("ip", filters: 0, attributes: 3, sketch: 8, pace: 3 * minute, values: 2_000),
            make("mcc", filters: 0, attributes: 0, sketch: 8, pace: 2_000, values: 9_000),
        ]
    }

    private static func make(
        _ name: String, filters: Int, attributes: Int, sketch: Int, pace: Int64, values: UInt64
    ) -> BenchEntity {
        let lagged = Tier.lagged(reach: 37 * 86_400_000)
        let tiers = [Tier.minute, .hour, .day, .week, .month, lagged]
        var measures = [
            Measure(
                sources: [Source(event: 0, values: [0])], statistics: [.max, .logarithms],
                tiers: 0b011111),
            Measure(sources: [Source(event: 0)], tiers: 0b100000),
            Measure(sources: [Source(event: 1, time: 0)], tiers: 0b100000),
        ]
        var reads: [FeatureRead] = []
        let declaresAll = name == "card" || name == "customer"
        for (tier, declared) in tiers[..<5].enumerated() {
            for aggregate in [Aggregate.count, .sum, .average, .maximum, .deviation]
            where tier > 0 ? declaresAll || tier > 2 || aggregate == .count : aggregate == .count {
                reads.append(
                    .aggregate(
                        AggregateRead(
                            aggregate: aggregate, measure: 0, tier: tier, window: declared.span)))
            }
        }
        for days in [1, 7, 30] as [Int64] where !declaresAll {
            reads.append(
                .aggregate(
                    AggregateRead(
                        aggregate: .count, measure: 2, tier: 5, window: days * 86_400_000,
                        lag: 7 * 86_400_000, per: 1)))
        }
        for filter in 0..<filters {
            let position = measures.count
            measures.append(
                Measure(
                    sources: [Source(event: 0, filter: filter, values: filter % 2 == 0 ? [] : [0])],
                    tiers: 0b001110))
            for tier in 1...3 {
                reads.append(
                    .aggregate(
                        AggregateRead(
                            aggregate: filter % 2 == 0 ? .count : .sum, measure: position,
                            tier: tier, window: tiers[tier].span)))
            }
        }
        for attribute in 0..<attributes {
            for tier in declaresAll ? [Tier.hour, .day, .week] : [.hour, .day] {
                let distinct = AttributeRead.Aspect.distinct(window: tier.span, hop: tier.hop)
                reads.append(.attribute(AttributeRead(attribute: attribute, aspect: distinct)))
            }
            for aspect in [AttributeRead.Aspect.isNew, .daysSinceFirstSeen, .timesSeen]
            where declaresAll {
                reads.append(
                    .attribute(
                        AttributeRead(
                            attribute: attribute, aspect: aspect, argument: [attribute + 1])))
            }
        }
        for index in 0..<2 {
            reads.append(.register(RegisterRead(register: index, aspect: .secondsSince)))
            reads.append(.register(RegisterRead(register: index, aspect: .value(0))))
        }
        let remember: Int64 = 400 * 86_400_000
        let group = Group(
            tiers: tiers, measures: measures,
            registers: (0..<2).map {
                Register(
                    sources: [Source(event: 0, filter: $0 == 0 ? nil : 1, values: [0])],
                    values: [.integer], remember: remember)
            },
            attributes: (0..<attributes).map {
                Attribute(
                    sources: [Source(event: 0, values: [$0 + 1])], remember: remember, exact: 128,
                    sketchBits: sketch)
            },
            recents: [
                RecentList(
                    sources: [Source(event: 0, values: [0])], values: [.integer], rows: 32,
                    remember: remember)
            ])
        return BenchEntity(
            name: name, plan: ReadPlan(reads, group: group),
            state: FeatureState(group: group, groupHash: 7), pace: pace, values: values)
    }

    mutating func fill(_ events: Int, _ random: inout BenchGenerator) {
        for _ in 0..<events { apply(next(&random)) }
    }

    mutating func apply(_ event: EngineEvent) {
        _ = state.apply(
            event, touches: 1, sequence: state.highestSequence + 1, delivery: .first)
    }

    /// Mostly payments, in bursts; one in a hundred a fraud label.
    mutating func next(_ random: inout BenchGenerator) -> EngineEvent {
        let isBurst = UInt64.random(in: 0..<4, using: &random) == 0
        clock += Int64.random(in: 0...(isBurst ? 20_000 : pace * 2), using: &random)
        if UInt64.random(in: 0..<100, using: &random) == 0 {
            return EngineEvent(type: 1, time: clock, values: [clock - 86_400_000 * 8])
        }
        return Self.payment(at: clock, values: values, &random)
    }

    static func payment(
        at time: Int64, values: UInt64 = 60, _ random: inout BenchGenerator
    ) -> EngineEvent {
        var fields: [Int64?] = [Int64.random(in: 100...500_000, using: &random)]
        for _ in 0..<7 {
            var hash = BenchGenerator(state: UInt64.random(in: 0..<values, using: &random))
            fields.append(Int64(bitPattern: hash.next()))
        }
        var filters = EventFilters()
        for filter in 0..<8 where UInt64.random(in: 0..<4, using: &random) == 0 {
            filters.insert(filter)
        }
        return EngineEvent(type: 0, time: time, values: fields, filters: filters)
    }
}
