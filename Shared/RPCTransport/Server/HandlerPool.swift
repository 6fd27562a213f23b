public import NIOCore
internal import NIOPosix
public import RPC
internal import Synchronization

/// A fixed number of threads for handlers, and a bound of those that wait for one.
///
///     let pool = HandlerPool(threads: 2)
///     RPCServer(listeners: [...], services: [ExplanationService().runs(on: pool)])
public final class HandlerPool: HandlerThreads {
    private let executor: PoolExecutor
    private let inside = Atomic(0)
    private let maximum: Int

    /// - Parameter maximumWaiting: calls beyond those that the threads run; more are refused.
    public init(threads: Int = System.coreCount, maximumWaiting: Int = 256) {
        precondition(threads > 0 && maximumWaiting >= 0, "a pool has a thread")
        executor = PoolExecutor(threads)
        maximum = threads + maximumWaiting
    }

    public nonisolated(nonsending) func run(_ work: @escaping HandlerWork) async -> Reply? {
        let place = inside.add(1, ordering: .relaxed).newValue
        defer { inside.subtract(1, ordering: .relaxed) }
        if place > maximum { return nil }
        // A task of its own, so that this one comes back to its loop whatever the handler does.
        let task = Task(executorPreference: executor) { await work() }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Ends the threads when they have nothing to do; to be called when no handler runs any more.
    public func shutdown() async { await executor.shutdown() }
}

/// Runs jobs of tasks on a pool's threads.
private final class PoolExecutor: TaskExecutor {
    private let threads: NIOThreadPool

    init(_ count: Int) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        // Also when the pool is shut down: a job that does not run is a task that never ends.
        threads.submit { _ in job.runSynchronously(on: executor) }
    }

    func shutdown() async { try? await threads.shutdownGracefully() }
}
