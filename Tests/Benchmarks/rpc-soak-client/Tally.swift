import Synchronization

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
        var microseconds: [Int32] = []
    }

    private let state = Mutex(State())
    private let open = Atomic(0)

    /// Whether one more call may be open; if so `end` must follow.
    func begin(limit: Int) -> Bool {
        if open.add(1, ordering: .relaxed).newValue <= limit { return true }
        end()
        return false
    }

    func end() { open.subtract(1, ordering: .relaxed) }

    func note(_ end: End, took: Duration?) {
        state.withLock { state in
            switch end {
            case .good:
                state.good += 1
                if let took {
                    let micros = took / .microseconds(1)
                    state.microseconds.append(Int32(min(micros, 2e9)))
                }
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
            let taken = state
            state = State()
            state.microseconds.reserveCapacity(taken.microseconds.count)
            return taken
        }
        let sorted = taken.microseconds.sorted()
        func percentile(_ share: Double) -> Int32 {
            sorted.isEmpty ? 0 : sorted[Int(Double(sorted.count - 1) * share)]
        }
        let total = taken.good + taken.cancelled + taken.failed
        return "rate=\(total / seconds) good=\(taken.good) cancelled=\(taken.cancelled) "
            + "failed=\(taken.failed) p50=\(percentile(0.5)) p99=\(percentile(0.99)) "
            + "reason=\(taken.firstFailure.replacing(" ", with: "_"))"
    }
}
