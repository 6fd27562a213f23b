public import NIOCore

/// Runs callers on the event loop of their connections: no call has to wake another thread, and what
/// is measured is the server, on a machine that it shares with them.
public final class CallerExecutor: TaskExecutor {
    private let loop: any EventLoop

    public init(_ loop: any EventLoop) { self.loop = loop }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
