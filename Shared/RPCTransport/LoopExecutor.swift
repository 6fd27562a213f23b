internal import NIOCore

/// Runs tasks on an event loop, so that a handler and its connection share a thread.
///
/// Jobs that become ready on the loop itself run at the end of its tick, in one go and at most 256
/// of them before I/O has its turn. Jobs from other threads come through the loop's own queue.
package final class LoopExecutor: TaskExecutor, @unchecked Sendable {
    // Sendable: everything that changes is touched on the event loop only.
    private let eventLoop: any EventLoop
    private var jobs: [UnownedJob] = []
    /// The first job that has not run.
    private var next = 0
    private var isScheduled = false
    private var isInline = false
    /// Called when a batch of jobs has run.
    var afterJobs: (_ count: Int) -> Void = { _ in }

    private static let batch = 256

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if eventLoop.inEventLoop {
            append(job)
        } else {
            eventLoop.execute { self.append(job) }
        }
    }

    private func append(_ job: UnownedJob) {
        jobs.append(job)
        if !isInline { schedule() }
    }

    private func schedule() {
        if isScheduled { return }
        isScheduled = true
        eventLoop.execute {
            self.isScheduled = false
            self.afterJobs(self.runJobs())
        }
    }

    /// Runs `body`, and on this stack the jobs that it made ready.
    func runInline(_ body: () -> Void) {
        isInline = true
        body()
        isInline = false
        runJobs()
    }

    /// Returns how many.
    @discardableResult
    private func runJobs() -> Int {
        let executor = asUnownedTaskExecutor()
        var count = 0
        while next < jobs.count, count < Self.batch {
            let job = jobs[next]
            next += 1
            count += 1
            job.runSynchronously(on: executor)
        }
        if next == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            next = 0
        } else {
            scheduleBehindSockets()
        }
        return count
    }

    /// The loop runs tasks of tasks before it looks at its sockets; a timer comes behind them.
    private func scheduleBehindSockets() {
        if isScheduled { return }
        isScheduled = true
        eventLoop.scheduleTask(in: .microseconds(10)) {
            self.isScheduled = false
            self.afterJobs(self.runJobs())
        }
    }
}
