public import AssayMessages
internal import Foundation
internal import Synchronization

/// Runs a candidate set of rules over events of the past and says what would have changed.
public struct Backtest: Sendable {
    public static let defaultExamples = 10
    public static let maximumExamples = 20

    /// What came out.
    public struct Result: Sendable {
        public var report: AssayRiskV1.BacktestReport
        /// Nil: no event said what it turned out to be.
        public var labels: BacktestLabels?
    }

    let plan: BacktestPlan
    let examples: Int

    /// - Parameter examples: decisions shown of each cell of the matrix.
    public init(live: BacktestSide, candidate: BacktestSide, examples: Int = defaultExamples) {
        plan = BacktestPlan(live: live, candidate: candidate)
        self.examples = min(max(0, examples), Self.maximumExamples)
    }

    /// Judges all events on so many threads, this one among them. The result does not depend on
    /// their number.
    ///
    /// - Parameter progress: is told how much of how much is done, from any of the threads; if it
    ///   returns false the backtest ends with `CancellationError`.
    func run<Source: BacktestSource>(
        over source: Source, threads: Int,
        progress: @escaping @Sendable (_ done: UInt64, _ total: UInt64) -> Bool
    ) throws -> Result {
        let shared = Mutex(Shared())
        @Sendable func work() {
            do {
                let tally = try judge(source) { size in
                    let (done, isStopped) = shared.withLock { shared in
                        shared.done += size
                        return (shared.done, shared.failure != nil)
                    }
                    guard !isStopped, progress(done, source.total) else {
                        throw CancellationError()
                    }
                }
                shared.withLock { shared in
                    if shared.tally == nil {
                        shared.tally = tally
                    } else {
                        shared.tally?.merge(tally)
                    }
                }
            } catch {
                shared.withLock { $0.failure = $0.failure ?? error }
            }
        }
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in work() }
        let end = shared.withLock { ($0.tally, $0.failure) }
        if let failure = end.1 { throw failure }
        let tally = end.0 ?? BacktestTally(plan, examples: examples)
        return Result(report: tally.report(), labels: BacktestLabels(tally))
    }

    private struct Shared {
        var done: UInt64 = 0
        var tally: BacktestTally?
        var failure: (any Error)?
    }

    private func judge<Source: BacktestSource>(
        _ source: Source, _ advance: (UInt64) throws -> Void
    ) throws -> BacktestTally {
        var tally = BacktestTally(plan, examples: examples)
        var judge = BacktestJudge(plan)
        while let page = try source.next() {
            for stored in page.stored {
                do {
                    guard let event = try source.event(stored) else { continue }
                    let (before, after) = judge.judge(event)
                    tally.add(event, before, after)
                } catch let left as LeftOut {
                    tally.leaveOut(left.reason)
                }
            }
            try advance(page.size)
        }
        return tally
    }
}
