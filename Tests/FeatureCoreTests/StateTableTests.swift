import FeatureEngine
import Testing

@testable import FeatureCore

@Suite("The table of states")
struct StateTableTests {
    private static let group = Group()

    private static func state(_ key: StateKey) -> CachedState {
        CachedState(
            key: key, tenant: "t", entity: "card",
            state: FeatureState(group: Self.group, groupHash: 0))
    }

    @Test(
        "holds what a dictionary holds, in any order of insertions and removals", arguments: 1...8)
    func likeADictionary(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (table, known) = (StateTable(), [StateKey: ObjectIdentifier]())
        // Few different places, so that states stand behind theirs, and also at the end of the table.
        let keys = (0..<400).map { number in
            StateKey(high: UInt64(number), low: UInt64.random(in: 0..<40, using: &random) &* .max)
        }
        for step in 0..<20_000 {
            let key = keys[Int.random(in: 0..<keys.count, using: &random)]
            if known[key] != nil {
                if step % 3 != 0 { table.remove(key) }
                if step % 3 != 0 { known[key] = nil }
            } else if step % 5 == 0 {
                table.remove(key)
            } else {
                let state = Self.state(key)
                table.insert(state)
                known[key] = ObjectIdentifier(state)
            }
            guard step % 500 == 0 else { continue }
            #expect(table.count == known.count)
            for key in keys { #expect(table[key].map { ObjectIdentifier($0) } == known[key]) }
        }
    }
}
