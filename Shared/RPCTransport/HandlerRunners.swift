internal import RPC

/// The tasks that run the handlers of one event loop.
///
/// A task runs one handler after the other as long as they do not wait, so a handler that never
/// waits costs no task of its own. When a handler waits, its task waits with it and the next handler
/// gets another one. Tasks without work are kept for the next request.
final class HandlerRunners {
    typealias Work = @Sendable () async -> Reply

    /// One task. Belongs to the loop.
    final class Runner {
        fileprivate(set) var task: Task<Void, Never>?
        fileprivate var parked: UnsafeContinuation<Void, Never>?
        fileprivate var isRetired = false

        /// Cancels the handler that the task is running; the task is not used again.
        func cancel() {
            isRetired = true
            task?.cancel()
        }
    }

    private static let maximumParked = 64

    private let executor: LoopExecutor
    private var pending: [(call: ServerCall, work: Work)] = []
    private var next = 0
    private var parked: [Runner] = []
    private var isStarting = false

    init(_ executor: LoopExecutor) {
        self.executor = executor
    }

    func add(_ work: @escaping Work, for call: ServerCall) {
        pending.append((call, work))
    }

    /// Starts every handler that was added. Each runs on this stack until it waits or ends.
    func start() {
        if isStarting { return }
        isStarting = true
        while next < pending.count {
            if let runner = parked.popLast() {
                executor.runInline { resume(runner) }
            } else {
                spawn()
            }
        }
        pending.removeAll(keepingCapacity: true)
        next = 0
        isStarting = false
    }

    private func resume(_ runner: Runner) {
        let continuation = runner.parked
        runner.parked = nil
        continuation?.resume()
    }

    private func spawn() {
        let runner = Runner()
        let confined = LoopConfined((runners: self, runner: runner))
        runner.task = Task.immediate(executorPreference: executor) {
            await confined.value.runners.run(confined)
        }
    }

    /// The life of one task.
    private nonisolated(nonsending) func run(
        _ confined: LoopConfined<(runners: HandlerRunners, runner: Runner)>
    ) async {
        let runner = confined.value.runner
        while true {
            while next < pending.count {
                let (call, work) = pending[next]
                next += 1
                if call.stream == nil {
                    call.connection.skipped(call)
                    continue
                }
                call.runner = runner
                let reply = await work()
                call.runner = nil
                call.connection.finished(call, reply)
                if runner.isRetired { return }
            }
            if connections == 0 || parked.count >= Self.maximumParked { return }
            await withUnsafeContinuation { continuation in
                runner.parked = continuation
                parked.append(runner)
            }
            if runner.isRetired { return }
        }
    }

    // MARK: Connections

    private var connections = 0

    func connectionOpened() { connections += 1 }

    /// With the last connection the parked tasks go, so that a loop that ends leaves nothing.
    func connectionEnded() {
        connections -= 1
        if connections > 0 { return }
        let leaving = parked
        parked = []
        for runner in leaving {
            runner.isRetired = true
            resume(runner)
        }
    }
}
