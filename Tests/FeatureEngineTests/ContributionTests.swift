import Testing

@testable import FeatureEngine

@Suite struct ContributionTests {
    private static let start: Int64 = 1_760_000_000_000

    /// Events of a second each, with these values.
    private static func applied(_ values: [Int64]) -> [AppliedEvent] {
        values.enumerated().map { number, value in
            let time = start + Int64(number) * 1_000
            return AppliedEvent(
                event: EngineEvent(type: 0, time: time, values: [value]), touches: 1,
                sequence: UInt64(number) + 1, clock: time)
        }
    }

    @Test("values that are new in a window are each of the event that saw them first")
    func firstSeen() {
        let group = Group(attributes: [
            Attribute(
                sources: [Source(event: 0, values: [0])], remember: 60_000, exact: 8, sketchBits: 8)
        ])
        let read = AttributeRead(attribute: 0, aspect: .firstSeen(window: 10_000, hop: 1_000))
        // 7 is seen throughout, 8 and 9 in the last ten seconds.
        let values = (0..<30).map { Int64($0 == 22 ? 8 : $0 == 25 || $0 == 27 ? 9 : 7) }
        let events = Self.applied(values)
        let tiles = group.contributions(
            events, to: .attribute(read), at: Self.start + 30_000)
        #expect(tiles.flatMap(\.sequences) == [23, 26])
    }

    @Test("past its list an exact count lists the events of its tiles")
    func exact() {
        let source = Source(event: 0)
        let group = Group(
            tiers: [.minute], measures: [Measure(sources: [source], tiers: 1)],
            recents: [RecentList(sources: [source], values: [], rows: 4, remember: 60_000)])
        func count(_ events: Int) -> Int {
            let read = AggregateRead(
                aggregate: .count, measure: 0, tier: 0, window: 20_500,
                exact: ExactRead(list: 0))
            let all = Self.applied([Int64](repeating: 0, count: events))
            let tiles = group.contributions(
                all, to: .aggregate(read), at: Self.start + Int64(events) * 1_000)
            return tiles.reduce(0) { $0 + $1.sequences.count }
        }
        #expect(count(3) == 3)
        // In the tile at the window's start lies one more than the window has.
        #expect(count(40) == 21)
    }
}
