internal import Synchronization

/// The rules that decide, in one atomic picture: a call takes it once, and a change replaces it
/// as a whole.
public final class LiveRules: Sendable {
    private struct State {
        var snapshot: RuleSnapshot
        /// Replaced pictures that calls may still count in.
        var replaced: [RuleCounters] = []
        /// What rules did under pictures that nobody has any more.
        var past: [String: RuleCounts] = [:]

        /// Adds up counters that no call can reach any more, so that many changes cost nothing.
        mutating func foldPast() {
            var kept: [RuleCounters] = []
            var all = replaced
            replaced = []
            for index in all.indices {
                if isKnownUniquelyReferenced(&all[index]) {
                    all[index].add(to: &past)
                } else {
                    kept.append(all[index])
                }
            }
            replaced = kept
        }
    }

    private let state: Mutex<State>

    public init(_ snapshot: RuleSnapshot) { state = Mutex(State(snapshot: snapshot)) }

    /// What a call that begins now decides by.
    public var current: RuleSnapshot { state.withLock { $0.snapshot } }

    /// Replaces what decides. Calls that have begun end with what they began with.
    public func publish(_ snapshot: RuleSnapshot) {
        let old = state.withLock { state in
            let old = state.snapshot
            state.replaced.append(old.counters)
            state.snapshot = snapshot
            return old
        }
        withExtendedLifetime(old) {}
    }

    /// What each rule did since this process started, by id; rules that are no longer live too.
    public func counts() -> [String: RuleCounts] {
        state.withLock { state in
            state.foldPast()
            var counts = state.past
            for counters in state.replaced + [state.snapshot.counters] {
                counters.add(to: &counts)
            }
            return counts
        }
    }
}
