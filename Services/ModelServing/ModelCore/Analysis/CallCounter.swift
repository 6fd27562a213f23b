package import AssayMessages
internal import Synchronization

/// Counts the calls of arms for guardrails whose source is `statistics`, while they are answered.
///
/// One short lock per call of an experiment that has such guardrails; none otherwise.
package final class CallCounter: CallCounts {
    private struct Key: Hashable {
        let experiment: String
        let epoch: UInt32
    }

    private struct Count {
        var events: UInt64 = 0
        var calls: UInt64 = 0
    }

    /// By metric, then by arm.
    private let counts = Mutex<[Key: [String: [String: Count]]]>([:])

    package init() {}

    /// One call that an arm answered, or that control answered for it.
    ///
    /// - Parameters:
    ///   - microseconds: what scoring took.
    ///   - failed: the arm's version gave no answer.
    package func add(
        _ specification: AssayModelsV1.ExperimentSpecification, arm: String, microseconds: Double,
        failed: Bool
    ) {
        let metrics = specification.metrics.filter { $0.source == .statistics }
        guard !metrics.isEmpty else { return }
        let key = Key(experiment: specification.experiment, epoch: specification.epoch)
        counts.withLock { counts in
            for metric in metrics {
                let isEvent =
                    metric.kind == .quantile ? microseconds > (metric.worst ?? .infinity) : failed
                var count = counts[key]?[metric.name]?[arm] ?? Count()
                count.calls += 1
                if isEvent { count.events += 1 }
                counts[key, default: [:]][metric.name, default: [:]][arm] = count
            }
        }
    }

    package func counted(
        _ experiment: String, _ epoch: UInt32
    ) -> [AssayModelsV1.CountedCalls] {
        let found = counts.withLock { $0[Key(experiment: experiment, epoch: epoch)] ?? [:] }
        return found.flatMap { metric, arms in
            arms.map { arm, count in
                AssayModelsV1.CountedCalls(
                    metric: metric, arm: arm, events: count.events, calls: count.calls)
            }
        }
        .sorted { ($0.metric, $0.arm) < ($1.metric, $1.arm) }
    }
}
