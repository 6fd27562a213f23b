package import AssayMessages
internal import Synchronization

/// Counts the calls of arms for guardrails whose source is `statistics`, while they are answered.
///
/// One short lock per call of an experiment. Which guardrails there are it learns at each look's round:
/// calls before the first are not counted.
package final class CallCounter: CallCounts {
    private struct Key: Hashable {
        let experiment: String
        let epoch: UInt32
    }

    private struct Guardrail {
        let name: String
        /// Of a quantile: calls that take longer are its events. Otherwise those that failed.
        let longest: Double?
    }

    fileprivate struct Count {
        var events: UInt64 = 0
        var calls: UInt64 = 0
    }

    private struct State {
        var guardrails: [Key: [Guardrail]] = [:]
        /// By guardrail, then by arm.
        var counts: [Key: [String: [String: Count]]] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// What is to be counted from now on.
    package func watch(_ experiments: [AssayModelsV1.ExperimentSpecification]) {
        var guardrails: [Key: [Guardrail]] = [:]
        for experiment in experiments {
            let counted = experiment.metrics.filter { $0.source == .statistics }
            guard !counted.isEmpty else { continue }
            guardrails[Key(experiment: experiment.experiment, epoch: experiment.epoch)] =
                counted.map {
                    Guardrail(
                        name: $0.name,
                        longest: $0.kind == .quantile ? $0.worst ?? .infinity : nil)
                }
        }
        state.withLock { $0.guardrails = guardrails }
    }

    /// One call that an arm answered, or that control answered for it.
    ///
    /// - Parameters:
    ///   - microseconds: what answering took.
    ///   - failed: the arm's version gave no answer.
    package func add(
        _ experiment: String, _ epoch: UInt32, arm: String, microseconds: Double, failed: Bool
    ) {
        let key = Key(experiment: experiment, epoch: epoch)
        state.withLock { state in
            for guardrail in state.guardrails[key] ?? [] {
                let isEvent = guardrail.longest.map { microseconds > $0 } ?? failed
                state.counts[key, default: [:]][guardrail.name, default: [:]][
                    arm, default: Count()
                ].add(isEvent)
            }
        }
    }

    package func counted(
        _ experiment: String, _ epoch: UInt32
    ) -> [AssayModelsV1.CountedCalls] {
        let found = state.withLock {
            $0.counts[Key(experiment: experiment, epoch: epoch)] ?? [:]
        }
        return found.flatMap { metric, arms in
            arms.map { arm, count in
                AssayModelsV1.CountedCalls(
                    metric: metric, arm: arm, events: count.events, calls: count.calls)
            }
        }
        .sorted { ($0.metric, $0.arm) < ($1.metric, $1.arm) }
    }
}

extension CallCounter.Count {
    fileprivate mutating func add(_ isEvent: Bool) {
        calls += 1
        if isEvent { events += 1 }
    }
}
