import Testing

@testable import FeatureEngine

/// Acceptance tests 1, 3 and 4: the engine against the events themselves.
@Suite struct BruteForceTests {
    #if DEBUG
        static let logs = 48
    #else
        static let logs = 1_000
    #endif
    static let parts = 8

    let group = TestGroup.group
    let reads = TestGroup.aggregates

    /// Out of order, duplicated, tied, far too late, stored and loaded again.
    @Test("every feature equals the one computed from the raw events", arguments: 0..<parts)
    func equality(_ part: Int) throws {
        for log in stride(from: part, to: Self.logs, by: Self.parts) {
            guard try run(seed: UInt64(log)) else { return }
        }
    }

    /// False, with an issue, at the first difference.
    private func run(seed: UInt64) throws -> Bool {
        var log = RandomLog(seed: seed)
        let plan = ReadPlan(reads.map { .aggregate($0) } + TestGroup.others, group: group)
        var state = FeatureState(group: group, groupHash: 7)
        var brute = BruteForce(group)
        let length = Int.random(in: 2...60, using: &log.random)
        for sequence in 1...UInt64(length) {
            let logged = log.next(sequence: sequence)
            let isProbed = sequence == length || Int.random(in: 0..<4, using: &log.random) == 0
            if isProbed {
                let span = TestGroup.tiers[Int.random(in: 0..<8, using: &log.random)].span
                let probe =
                    logged.event.time
                    + Int64.random(in: -span / 4...span + span / 4, using: &log.random)
                if let difference = brute.difference(state, plan, reads, logged.event, probe) {
                    Issue.record("seed \(seed), sequence \(sequence), at \(probe): \(difference)")
                    return false
                }
            }
            #expect(
                logged.apply(to: &state)
                    == .applied(version: state.version), "seed \(seed)")
            brute.add(logged)
            guard try disturb(&state, brute, &log.random) else {
                Issue.record("seed \(seed), sequence \(sequence): storing or replaying changed it")
                return false
            }
        }
        return true
    }

    /// Delivers again, replays a suffix, stores and loads: nothing of it changes the state.
    private func disturb(
        _ state: inout FeatureState, _ brute: BruteForce, _ random: inout SeededGenerator
    ) throws -> Bool {
        let before = state
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1:
            let again = brute.rows[Int.random(in: 0..<brute.rows.count, using: &random)]
            guard again.logged.apply(to: &state, .again) == .alreadyApplied else { return false }
        case 2:
            let start = Int.random(in: 0..<brute.rows.count, using: &random)
            for row in brute.rows[start...] { _ = row.logged.apply(to: &state, .again) }
            guard state.encode() == before.encode() else { return false }
        case 3:
            let blob = state.encode()
            state = try FeatureState(decoding: blob, group: group, groupHash: 7)
            guard state.encode() == blob else { return false }
        default: break
        }
        return state == before
    }

    @Test(
        "while nothing is forgotten, the order of events changes no tile, clock, ring, row or sketch",
        arguments: 0..<40)
    func permutations(_ seed: UInt64) {
        // Nothing is so late that a tier has dropped its tile: only then does the order show.
        var log = RandomLog(seed: seed, maximumPace: 500, maximumLateness: 9_000)
        let events = (1...40).map { log.next(sequence: $0) }
            .filter { $0.event.type != 1 }
        func fold(_ events: [LoggedEvent]) -> FeatureState {
            var state = FeatureState(group: group, groupHash: 7)
            for logged in events { _ = logged.apply(to: &state) }
            return state
        }
        let inOrder = fold(events)
        let shuffled = fold(events.shuffled(using: &log.random))
        #expect(inOrder.clock == shuffled.clock, "seed \(seed)")
        #expect(
            inOrder.ring.entries.map(\.sequence) == shuffled.ring.entries.map(\.sequence),
            "seed \(seed)")
        #expect(inOrder.tiles == shuffled.tiles, "seed \(seed)")
        #expect(inOrder.registers == shuffled.registers, "seed \(seed)")
        #expect(inOrder.recents == shuffled.recents, "seed \(seed)")
        #expect(inOrder.tables[1] == shuffled.tables[1], "seed \(seed)")
        // The first one overflows, and what it gave up it no longer knows.
        #expect(inOrder.attributes[1] == shuffled.attributes[1], "seed \(seed)")
        #expect(inOrder.attributes[0].sketch == shuffled.attributes[0].sketch, "seed \(seed)")
    }

    @Test("a feature with the event at hand is read after the apply, the others before")
    func selfIncluded() {
        let count = { (includesSelf: Bool) in
            AggregateRead(
                aggregate: .count, measure: 0, tier: 1, window: 3_600_000,
                includesSelf: includesSelf)
        }
        let plan = ReadPlan([count(true), count(false)], group: group)
        var state = FeatureState(group: group, groupHash: 1)
        var values = [FeatureValue](repeating: FeatureValue(9, Status(.error)), count: 2)
        let event = EngineEvent(type: 0, time: 5, values: [1, 1, 1, 1])
        state.read(plan, at: 5, .beforeApply, into: &values)
        _ = state.apply(event, touches: 1, sequence: 1, delivery: .first)
        state.read(plan, at: 5, .afterApply, into: &values)
        #expect(values.map(\.number) == [1, 0])
        #expect(state.read(plan, at: 5).map(\.number) == [1, 1])
    }
}
