import GatewayCore
import NIOCore
import Synchronization
import TestSupport

/// Keeps so many decisions under way on one event loop, as the connections of a gateway's loop do.
final class StoreLoad: Sendable {
    private struct State {
        var times = LatencyHistogram()
        var next = 0
        var running = 0
        var end = Int64.max
        var finished: CheckedContinuation<LatencyHistogram, Never>?
    }

    private let limiter: RateLimiter
    private let questions: [LimitQuestion]
    private let loop: any EventLoop
    private let clock: @Sendable () -> Int64
    private let state = Mutex(State())

    init(
        _ limiter: RateLimiter, _ questions: [LimitQuestion], loop: any EventLoop,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.limiter = limiter
        self.questions = questions
        self.loop = loop
        self.clock = clock
    }

    func run(depth: Int, nanoseconds: Int64) async -> LatencyHistogram {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                state.finished = continuation
                state.end = clock() + nanoseconds
                state.running = depth
            }
            loop.execute { for _ in 0..<depth { self.ask() } }
        }
    }

    /// Asks until an answer has to be waited for; whoever is answered at once asks again.
    private func ask() {
        while true {
            let start = clock()
            let question: LimitQuestion? = state.withLock { state in
                if start >= state.end { return nil }
                state.next += 1
                return questions[state.next % questions.count]
            }
            guard let question else { return end() }
            let decided = limiter.decide(question, now: start) { _ in
                self.note(start)
                // In a tick of its own, so that answers that come together do not nest.
                self.loop.execute { self.ask() }
            }
            guard decided != nil else { return }
            note(start)
        }
    }

    private func note(_ start: Int64) {
        let took = Duration.nanoseconds(clock() - start)
        state.withLock { $0.times.record(took) }
    }

    private func end() {
        let (finished, times) = state.withLock { state in
            state.running -= 1
            return (state.running == 0 ? state.finished : nil, state.times)
        }
        finished?.resume(returning: times)
    }
}
