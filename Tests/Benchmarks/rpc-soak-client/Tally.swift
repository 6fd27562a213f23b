import Synchronization
import TestSupport

/// Counts calls by how they ended, and how long the unary ones took.
final class Tally: Sendable {
    enum End {
        case good, cancelled
        case failed(String)
    }

    private struct State {
        var good = 0
        var cancelled = 0
        var failed = 0
        var firstFailure = ""
        var latencies = LatencyHistogram()
    }

    private let state = Mutex(State())
    private let open = Atomic(0)

    /// Whether one more call may be open; if so `end` must follow.
    func begin(limit: Int) -> Bool {
        if open.add(1, ordering: .relaxed).newValue <= limit { return true }
        end()
        return false
    }

    var isAnyOpen: Bool { open.load(ordering: .relaxed) > 0 }

    func end() { open.subtract(1, ordering: .relaxed) }

    func note(_ end: End, took: Duration?) {
        state.withLock { state in
            switch end {
            case .good:
                state.good += 1
                if let took { state.latencies.record(took) }
            case .cancelled: state.cancelled += 1
            case .failed(let reason):
                state.failed += 1
                if state.firstFailure.isEmpty { state.firstFailure = reason }
            }
        }
    }

    /// The line of an interval of so many seconds; counts from nothing again.
    func take(over seconds: Int) -> String {
        let taken = state.withLock { state in
            defer { state = State() }
            return state
        }
        let total = taken.good + taken.cancelled + taken.failed
        return "rate=\(total / seconds) good=\(taken.good) cancelled=\(taken.cancelled) "
            + "failed=\(taken.failed) p50=\(taken.latencies.percentile(0.5)) "
            + "p99=\(taken.latencies.percentile(0.99)) "
            + "reason=\(taken.firstFailure.replacing(" ", with: "_"))"
    }
}
