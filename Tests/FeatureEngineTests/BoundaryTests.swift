import Testing

@testable import FeatureEngine

/// What is said of values at the bounds of what a state keeps.
@Suite struct BoundaryTests {
    private static let start: Int64 = 1_760_000_000_000

    private static func apply(_ value: Int64, at number: Int64, to state: inout FeatureState) {
        let event = EngineEvent(type: 0, time: start + number * 1_000, values: [value, 7])
        _ = state.apply(event, touches: 1, sequence: UInt64(number) + 1, delivery: .first)
    }

    private static func attribute(exact: Int, kind: ValueKind) -> FeatureState {
        FeatureState(
            group: Group(attributes: [
                Attribute(
                    sources: [Source(event: 0, values: [0])], kind: kind, remember: nil,
                    exact: exact, sketchBits: 10)
            ]), groupHash: 1)
    }

    @Test("distinct numbers are counted past the table as texts are")
    func numbers() throws {
        var state = Self.attribute(exact: 128, kind: .integer)
        for number in 0..<1_000 { Self.apply(Int64(number) * 100, at: Int64(number), to: &state) }
        let plan = ReadPlan(
            [
                .attribute(
                    AttributeRead(attribute: 0, aspect: .distinct(window: 86_400_000, hop: 900_000))
                )
            ],
            group: state.group)
        let value = state.read(plan, at: Self.start + 1_000_000)[0]
        #expect(value.status == Status(.present, .approximate))
        #expect(abs(value.number - 1_000) < 150)
        let decoded = try FeatureState(decoding: state.encode(), group: state.group, groupHash: 1)
        #expect(decoded == state)
    }

    @Test(
        "what is known of a value that came back is approximate, but that it is known, and when last"
    )
    func cameBack() {
        var state = Self.attribute(exact: 1, kind: .hash)
        for (number, value) in [5, 6, 5].enumerated() {
            Self.apply(Int64(value), at: Int64(number), to: &state)
        }
        let aspects: [AttributeRead.Aspect] = [
            .timesSeen, .secondsSinceFirstSeen, .isNew, .secondsSinceLastSeen,
        ]
        let plan = ReadPlan(
            aspects.map { .attribute(AttributeRead(attribute: 0, aspect: $0, argument: [0])) },
            group: state.group)
        let event = EngineEvent(type: 0, time: Self.start + 3_000, values: [5, 7])
        let values = state.read(plan, at: event.time, event: event)
        #expect(values.map(\.number) == [1, 1, 0, 1])
        let (sure, unsure) = (Status(.present), Status(.present, .approximate))
        #expect(values.map(\.status) == [unsure, unsure, sure, sure])
    }

    @Test("a value that came back stays in doubt when the sketch is gone, and a new one is in none")
    func doubt() throws {
        let group = Group(attributes: [
            Attribute(
                sources: [Source(event: 0, values: [0])], remember: 100_000, exact: 2,
                sketchBits: 8)
        ])
        var state = FeatureState(group: group, groupHash: 1)
        // 5 is given up for 7, and comes back for 6; at 180 s all but 5 are forgotten.
        for (time, value) in [(0, 5), (1, 6), (2, 7), (3, 5), (90, 5), (180, 5), (181, 8)] {
            Self.apply(Int64(value), at: Int64(time), to: &state)
        }
        #expect(!state.attributes[0].hasOverflowed)
        state = try FeatureState(decoding: state.encode(), group: group, groupHash: 1)
        let plan = ReadPlan(
            [.attribute(AttributeRead(attribute: 0, aspect: .timesSeen, argument: [0]))],
            group: group)
        func times(of value: Int64) -> FeatureValue {
            let event = EngineEvent(type: 0, time: Self.start + 182_000, values: [value, 7])
            return state.read(plan, at: event.time, event: event)[0]
        }
        #expect(times(of: 5) == FeatureValue(3, Status(.present, .approximate)))
        #expect(times(of: 8) == FeatureValue(1, Status(.present)))
        #expect(times(of: 6) == FeatureValue(0, Status(.empty)))
        // When 5 is forgotten, nothing is in doubt any more.
        Self.apply(8, at: 400, to: &state)
        #expect(state.attributes[0].doubtfulUntil == nil)
        let blob = state.encode()
        #expect(try FeatureState(decoding: blob, group: group, groupHash: 1).encode() == blob)
    }

    @Test("a deviation of one event is empty, with its default")
    func deviation() {
        let group = Group(
            tiers: [.day],
            measures: [
                Measure(sources: [Source(event: 0, values: [0])], statistics: .logarithms, tiers: 1)
            ])
        var state = FeatureState(group: group, groupHash: 1)
        let plan = ReadPlan(
            [
                AggregateRead(
                    aggregate: .deviation, measure: 0, tier: 0, window: 86_400_000, defaultValue: 7)
            ],
            group: group)
        Self.apply(100, at: 0, to: &state)
        #expect(state.read(plan, at: Self.start + 5_000)[0] == FeatureValue(7, Status(.empty)))
        Self.apply(100, at: 1, to: &state)
        #expect(state.read(plan, at: Self.start + 5_000)[0] == FeatureValue(0, Status(.present)))
    }

    @Test("a sum that stopped at its limit stays there")
    func stopped() {
        let group = Group(tables: [
            KeyedTable(
                sources: [Source(event: 0, values: [1])], terms: [[KeyedTable.Term(field: 0)]],
                values: [], rows: 4)
        ])
        var state = FeatureState(group: group, groupHash: 1)
        for (number, value) in [Int64.max, 5, -9].enumerated() {
            Self.apply(value, at: Int64(number), to: &state)
        }
        let rows = state.table(0, at: Self.start + 5_000)
        #expect(rows.row(0)?.sum(0) == .max)
    }
}
