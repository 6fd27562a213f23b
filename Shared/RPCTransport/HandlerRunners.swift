internal import RPC

/// The tasks that run the handlers of one event loop.
///
/// A task runs one handler after the other as long as they do not wait, so a handler that never
/// waits costs no task of its own. When a handler waits, its task waits with it and the next handler
/// gets another one. Tasks without work are kept for the next request.
final class HandlerRunners {
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
    /// Calls whose handlers have not begun, in order, linked by `nextPending`.
    private var first: ServerCall?
    private var last: ServerCall?
    private var parked: [Runner] = []
    private var isStarting = false

    init(_ executor: LoopExecutor) {
        self.executor = executor
    }

    /// Has the call's `work` run at the next `start`.
    func add(_ call: ServerCall) {
        if let last { last.nextPending = call } else { first = call }
        last = call
    }

    private func takePending() -> ServerCall? {
        guard let call = first else { return nil }
        first = call.nextPending
        call.nextPending = nil
        if first == nil { last = nil }
        return call
    }

    /// Starts every handler that was added. Each runs on this stack until it waits or ends.
    func start() {
        if isStarting { return }
        isStarting = true
        while first != nil {
            if let runner = parked.popLast() {
                executor.runInline { resume(runner) }
            } else {
                spawn()
            }
        }
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
            while let call = takePending() {
                guard let work = call.work, call.stream != nil else {
                    call.connection.skipped(call)
                    continue
                }
                call.work = nil
                call.runner = runner
                call.connection.noteHandlerBegin(of: call)
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
