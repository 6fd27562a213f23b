internal import Dispatch
internal import Synchronization

/// The rules that decide, in one atomic picture: a call takes it once, and a change replaces it
/// as a whole.
///
/// A replaced picture is freed by a queue of its own when the last call that has it is over: an
/// event loop never frees thousands of rules.
public final class LiveRules: Sendable {
    private struct State {
        var snapshot: RuleSnapshot
        /// Pictures that calls may still have, and counters that they may still count in.
        var replaced: [RuleSnapshot] = []
        var counting: [RuleCounters] = []
        /// What rules did under pictures that nobody has any more.
        var past: [String: RuleCounts] = [:]
        var isSweeping = false

        /// Takes out the pictures that nobody else has.
        mutating func takeFree() -> [RuleSnapshot] {
            var (free, kept): ([RuleSnapshot], [RuleSnapshot]) = ([], [])
            var all = replaced
            replaced = []
            for index in all.indices {
                // Nobody can come to have a picture of these anew.
                if isKnownUniquelyReferenced(&all[index]) {
                    free.append(all[index])
                } else {
                    kept.append(all[index])
                }
            }
            replaced = kept
            return free
        }

        /// Adds up counters that no call can reach any more, so that many changes cost nothing.
        mutating func foldPast() {
            var kept: [RuleCounters] = []
            var all = counting
            counting = []
            for index in all.indices {
                if isKnownUniquelyReferenced(&all[index]) {
                    all[index].add(to: &past)
                } else {
                    kept.append(all[index])
                }
            }
            counting = kept
        }
    }

    private static let sweepInterval = DispatchTimeInterval.milliseconds(50)
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "assay.risk.rules.free", qos: .utility)

    public init(_ snapshot: RuleSnapshot) { state = Mutex(State(snapshot: snapshot)) }

    /// What a call that begins now decides by.
    public var current: RuleSnapshot { state.withLock { $0.snapshot } }

    /// Pictures that were replaced and that calls still have.
    var replacedCount: Int { state.withLock { $0.replaced.count } }

    /// Replaces what decides. Calls that have begun end with what they began with.
    public func publish(_ snapshot: RuleSnapshot) {
        state.withLock { state in
            state.replaced.append(state.snapshot)
            state.counting.append(state.snapshot.counters)
            state.snapshot = snapshot
            guard !state.isSweeping else { return }
            state.isSweeping = true
            scheduleSweep()
        }
    }

    private func scheduleSweep() {
        queue.asyncAfter(deadline: .now() + Self.sweepInterval) { [weak self] in self?.sweep() }
    }

    /// Frees, on this queue, what nobody else has any more.
    private func sweep() {
        let free = state.withLock { state in
            let free = state.takeFree()
            state.isSweeping = !state.replaced.isEmpty
            if state.isSweeping { scheduleSweep() }
            return free
        }
        withExtendedLifetime(free) {}
    }

    /// What each rule did since this process started, by id; rules that are no longer live too.
    public func counts() -> [String: RuleCounts] {
        state.withLock { state in
            state.foldPast()
            var counts = state.past
            for counters in state.counting + [state.snapshot.counters] {
                counters.add(to: &counts)
            }
            return counts
        }
    }
}
