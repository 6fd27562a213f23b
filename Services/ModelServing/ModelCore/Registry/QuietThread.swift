internal import Dispatch
internal import Glibc
internal import Synchronization

/// A thread for long work beside short calls: it works through a queue, and unless the work is urgent it
/// stands back from every thread of ordinary priority that wants its core.
///
/// The thread begins with the first work and ends with this object, after what it was given.
final class QuietThread: Sendable {
    typealias Work = @Sendable () -> Void

    /// Above the process's: a tenth of its other threads' share where both want the core (nice(2)).
    private static let niceness: Int32 = 10

    /// What the thread keeps too, so that it can outlive its owner.
    private final class Queue: Sendable {
        struct State {
            var waiting: [Work] = []
            var hasThread = false
            var hasEnded = false
        }

        let state = Mutex(State())
        let wake = DispatchSemaphore(value: 0)
        let isUrgent: Bool

        init(isUrgent: Bool) { self.isUrgent = isUrgent }

        /// Until it has ended and nothing waits.
        func work() {
            while true {
                wake.wait()
                let (works, hasEnded) = state.withLock { state in
                    let works = state.waiting
                    state.waiting = []
                    return (works, state.hasEnded)
                }
                for work in works { work() }
                if hasEnded { return }
            }
        }
    }

    private let queue: Queue

    init(isUrgent: Bool = false) { queue = Queue(isUrgent: isUrgent) }

    deinit {
        queue.state.withLock { $0.hasEnded = true }
        queue.wake.signal()
    }

    /// Runs `work` behind all that was given before.
    func async(_ work: @escaping Work) {
        let isFirst = queue.state.withLock { state in
            state.waiting.append(work)
            defer { state.hasThread = true }
            return !state.hasThread
        }
        if isFirst { startThread() }
        queue.wake.signal()
    }

    private func startThread() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { queue in
                guard let queue else { return nil }
                let works = Unmanaged<Queue>.fromOpaque(queue).takeRetainedValue()
                if !works.isUrgent {
                    // Linux: of the calling thread alone.
                    let process = Int32(PRIO_PROCESS.rawValue)
                    _ = setpriority(process, 0, getpriority(process, 0) + QuietThread.niceness)
                }
                works.work()
                return nil
            }, Unmanaged.passRetained(queue).toOpaque())
        precondition(result == 0, "a process has room for one more thread")
    }
}
