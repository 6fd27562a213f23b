internal import AssayMessages
internal import Inference

/// What a version's first rows took: they also touch every page of the model once.
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
        let clock = ContinuousClock()
        let start = clock.now
        let scratch = ScoringScratch()
        var times: [Duration] = []
        times.reserveCapacity(rowCount)
        scratch.withNumbers(model.marginCount) { margins in
            scratch.withNumbers(model.probabilityCount) { probabilities in
                var before = start
                while times.count < rowCount, before - start < longest {
                    rows[times.count % rows.count].withUnsafeBufferPointer { row in
                        _ = model.score(
                            row, .whole, scratch, margins: margins, probabilities: probabilities)
                    }
                    let now = clock.now
                    times.append(now - before)
                    before = now
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
        let clock = ContinuousClock()
        let times = (0..<2).map { _ in
            clock.measure { _ = try? explainer.explain(row) }
        }
        return times.min() ?? .zero
    }
}
