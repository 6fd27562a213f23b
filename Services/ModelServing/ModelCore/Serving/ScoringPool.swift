internal import Dispatch
internal import Glibc
package import RPC
internal import Synchronization

/// Scores what is too long for an event loop, on a bounded number of threads with a bounded queue.
///
/// Shadows score on threads of their own (``ShadowRunner``): one that is stuck holds none of these.
package final class ScoringPool: Sendable {
    package struct Limits: Sendable {
        package var threads: Int
        package var waiting = 1_024

        package init(threads: Int = ScoringPool.sparedCores) { self.threads = threads }
    }

    typealias Work = @Sendable () -> Void

    private struct State {
        var waiting: [Work] = []
        var head = 0
        var running = 0
        /// Calls by how long they waited, as `VersionStatistics` has its ranges.
        var queueTimes = [UInt64](repeating: 0, count: VersionStatistics.timeBuckets)
        var queueNanoseconds: UInt64 = 0

        var count: Int { waiting.count - head }
    }

    let limits: Limits
    private let state = Mutex(State())
    private let queue = DispatchQueue(
        label: "assay.models.pool", qos: .userInitiated, attributes: .concurrent)

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    /// One core stays with the event loops.
    package static var sparedCores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1) }

    /// Calls in the queue.
    package var waitingCount: Int { state.withLock { $0.count } }

    /// How long calls have waited for a thread.
    package var queueTimes: VersionActivity.Times {
        state.withLock {
            .init(counts: $0.queueTimes, sum: Double($0.queueNanoseconds) / 1e9)
        }
    }

    private func began(after nanoseconds: UInt64) {
        state.withLock { state in
            state.queueTimes[VersionStatistics.bucket(nanoseconds)] += 1
            state.queueNanoseconds &+= nanoseconds
        }
    }

    // MARK: Calls

    /// Runs `work` for a version on one of the threads.
    func run<Result: Sendable>(
        for version: ServingVersion, _ work: @escaping @Sendable () throws(RPCError) -> Result
    ) async throws(RPCError) -> Result {
        let start = Predictor.nanoseconds()
        return try await run { () throws(RPCError) in
            let waited = Predictor.nanoseconds() - start
            version.statistics.addQueueTime(
                nanoseconds: waited, stripe: ServingThread.current.index)
            self.began(after: waited)
            return try work()
        }
    }

    /// Runs `work` on one of the threads.
    ///
    /// - Throws: RESOURCE_EXHAUSTED if too many wait; else what `work` throws.
    package func run<Result: Sendable>(
        _ work: @escaping @Sendable () throws(RPCError) -> Result
    ) async throws(RPCError) -> Result {
        let result: Swift.Result<Result, RPCError> = await withCheckedContinuation { done in
            let isWelcome = state.withLock { state in
                guard state.count < limits.waiting else { return false }
                state.waiting.append {
                    let result = Swift.Result { () throws(RPCError) in try work() }
                    done.resume(returning: result)
                }
                return true
            }
            if isWelcome {
                startThread()
            } else {
                done.resume(returning: .failure(Self.full))
            }
        }
        return try result.get()
    }

    private static let full = RPCError(
        code: .resourceExhausted, message: "too many calls wait for a thread",
        reason: "OVERLOADED", retryAfter: .milliseconds(50))

    // MARK: Threads

    private func startThread() {
        let starts = state.withLock { state in
            guard state.running < limits.threads, state.count > 0 else { return false }
            state.running += 1
            return true
        }
        if starts { queue.async { self.work() } }
    }

    /// The life of one thread's turn: it ends when nothing is left for it.
    private func work() {
        while true {
            let next = state.withLock { state -> Work? in
                if state.count > 0 { return Self.pop(&state.waiting, &state.head) }
                state.running -= 1
                return nil
            }
            guard let next else { return }
            next()
        }
    }

    private static func pop(_ queue: inout [Work], _ head: inout Int) -> Work {
        let work = queue[head]
        queue[head] = {}
        head += 1
        // What was taken is cleared away before it is half of the memory.
        if head == queue.count || head > 1_024 && head * 2 > queue.count {
            queue.removeFirst(head)
            head = 0
        }
        return work
    }
}
