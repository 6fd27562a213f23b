internal import NIOCore

/// Runs tasks on an event loop, so that a handler and its connection share a thread.
///
/// Jobs that become ready on the loop itself run at the end of its tick, in one go and at most 256
/// of them before I/O has its turn. Jobs from other threads come through the loop's own queue.
final class LoopExecutor: TaskExecutor, @unchecked Sendable {
    // Sendable: `jobs`, `isScheduled` and `afterJobs` are touched on the event loop only.
    private let eventLoop: any EventLoop
    private var jobs: [UnownedJob] = []
    private var isScheduled = false
    /// Called when a batch of jobs has run.
    var afterJobs: () -> Void = {}

    private static let batch = 256

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if eventLoop.inEventLoop {
            append(job)
        } else {
            eventLoop.execute { self.append(job) }
        }
    }

    private func append(_ job: UnownedJob) {
        jobs.append(job)
        if isScheduled { return }
        isScheduled = true
        eventLoop.execute { self.runJobs() }
    }

    private func runJobs() {
        let executor = asUnownedTaskExecutor()
        var index = 0
        while index < jobs.count, index < Self.batch {
            jobs[index].runSynchronously(on: executor)
            index += 1
        }
        jobs.removeFirst(index)
        if jobs.isEmpty {
            isScheduled = false
        } else {
            eventLoop.execute { self.runJobs() }
        }
        afterJobs()
    }
}
