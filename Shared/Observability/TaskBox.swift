internal import Synchronization

/// A task that somebody stops later.
final class TaskBox: Sendable {
    private let task = Mutex<Task<Void, Never>?>(nil)

    func set(_ task: Task<Void, Never>) { self.task.withLock { $0 = task } }

    /// Cancels it and waits for its end.
    func stop() async {
        let stopped = task.withLock { $0.take() }
        stopped?.cancel()
        await stopped?.value
    }
}
