internal import NIOCore
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
    private let eventLoop: any EventLoop
    private var slice = LoopSlice()
    private var isContinuing = false
    /// Gates whose calls wait only for the loop.
    private var backlogged: [HandlerGate] = []
    /// Places that a backlog gets at a time.
    private static let portion = 16
    /// Calls whose handlers have not begun, in order, linked by `nextPending`.
    private var first: ServerCall?
    /// Held by the one before it, or by `first`.
    private unowned(unsafe) var last: ServerCall?
    private var parked: [Runner] = []
    private var isStarting = false

    init(_ executor: LoopExecutor, on eventLoop: any EventLoop) {
        self.executor = executor
        self.eventLoop = eventLoop
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

    /// Starts every handler that was added. Each runs on this stack until it waits or ends. If that
    /// takes too long, the rest waits until the loop has looked after its sockets.
    func start(at now: Instant) {
        if isStarting { return }
        isStarting = true
        slice.begin(at: now)
        while first != nil, !slice.isOver {
            if let runner = parked.popLast() {
                executor.runInline { resume(runner) }
            } else {
                spawn()
            }
        }
        isStarting = false
        slice.close()
        if first != nil { putOff() }
    }

    /// Calls that have no place yet get one by their importance, once the sockets had their turn.
    private func putOff() {
        var call = first
        (first, last) = (nil, nil)
        while let current = call {
            call = current.nextPending
            current.nextPending = nil
            if let gate = current.connection.gate, current.mayBePutOff {
                gate.hold(current)
                if !backlogged.contains(where: { $0 === gate }) { backlogged.append(gate) }
            } else {
                add(current)
            }
        }
        continueLater()
    }

    /// Goes on behind the sockets: a task would run before them, a timer does not.
    private func continueLater() {
        if isContinuing { return }
        isContinuing = true
        let confined = LoopConfined(self)
        eventLoop.scheduleTask(in: .microseconds(10)) {
            let runners = confined.value
            runners.isContinuing = false
            let gates = runners.backlogged
            runners.backlogged = []
            for gate in gates { gate.startNext(atMost: Self.portion) }
            runners.start(at: runners.eventLoop.instant)
            runners.executor.afterJobs(0)
        }
    }

    /// A handler has let go of the loop.
    private func look(_ call: ServerCall) {
        let passed = slice.look(at: eventLoop.instant)
        if passed > LoopSlice.tolerable {
            call.connection.gate?.observer?.held(call.head.path, for: passed)
        }
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
            while !slice.isOver, let call = takePending() {
                guard call.stream != nil, !call.isAnswered else {
                    call.connection.skipped(call)
                    continue
                }
                if let gate = call.connection.gate, !gate.admits(call) { continue }
                guard let work = call.work.take() else {
                    call.connection.skipped(call)
                    continue
                }
                call.runner = runner
                call.connection.noteHandlerBegin(of: call)
                let reply = await work()
                call.runner = nil
                call.connection.finished(call, reply)
                if isStarting {
                    // The last one of a batch is looked at if somebody wants to know.
                    let isLast = first == nil && call.connection.gate?.observer != nil
                    if slice.count() || isLast { look(call) }
                }
                if runner.isRetired {
                    if first != nil && !isStarting { continueLater() }
                    return
                }
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
