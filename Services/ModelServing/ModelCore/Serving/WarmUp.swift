internal import AssayMessages
internal import Glibc
internal import Inference

/// What a version's first rows took: they also touch every page of the model once.
///
/// Versions are loaded by a thread that stands back from all others, so what it waited for a core does
/// not count.
struct WarmUp: Sendable {
    private static let rowCount = 1_000
    /// A slow model, or a build without optimisation, is measured with fewer rows.
    private static let longest = Duration.milliseconds(50)

    /// Of one row.
    let median: Duration
    let p99: Duration
    /// Of explaining one row; zero if the version cannot.
    let explanation: Duration

    /// - Parameter rows: in turn; a row of zeros if there is none.
    init(_ model: ScoringModel, _ explainer: (any Explainer)?, rows: [[Double]]) {
        let rows = rows.isEmpty ? [[Double](repeating: 0, count: model.inputCount)] : rows
        let times = Self.times(model, rows)
        median = times[times.count / 2]
        p99 = times[times.count * 99 / 100]
        explanation = Self.time(explainer, model, rows)
    }

    /// What a call with one row takes, about.
    func estimate(_ mode: AssayModelsV1.ExplainMode) -> Duration {
        mode == .reasons || mode == .contributions ? median + explanation : median
    }

    /// Sorted.
    private static func times(_ model: ScoringModel, _ rows: [[Double]]) -> [Duration] {
        let start = threadTime()
        let scratch = ScoringScratch()
        var times: [Duration] = []
        times.reserveCapacity(rowCount)
        scratch.withNumbers(model.marginCount) { margins in
            scratch.withNumbers(model.probabilityCount) { probabilities in
                while times.count < rowCount, threadTime() - start < longest {
                    times.append(
                        measure {
                            rows[times.count % rows.count].withUnsafeBufferPointer { row in
                                _ = model.score(
                                    row, .whole, scratch, margins: margins,
                                    probabilities: probabilities)
                            }
                        })
                }
            }
        }
        return times.sorted()
    }

    /// The shorter of two, since the first one finds nothing in the caches.
    private static func time(
        _ explainer: (any Explainer)?, _ model: ScoringModel, _ rows: [[Double]]
    ) -> Duration {
        guard let explainer, model.marginCount == 1, let row = rows.first else { return .zero }
        let times = (0..<2).map { _ in
            measure { _ = try? explainer.explain(row) }
        }
        return times.min() ?? .zero
    }

    /// What something takes of a core: the processor time of this thread where it had to wait for one,
    /// and otherwise the time that passed, since that clock is the cheaper one to read.
    private static func measure(_ body: () -> Void) -> Duration {
        let start = threadTime()
        let passed = ContinuousClock().measure(body)
        return min(passed, threadTime() - start)
    }

    private static func threadTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
