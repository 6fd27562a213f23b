internal import RPC

/// What an interceptor sees of an attempt.
struct OutgoingAttempt<Reply: Sendable>: CallAttempt {
    let path: String
    let kind: MethodKind
    var metadata: Metadata
    let attempt: Int
    let deadline: Deadline
}

/// Runs a client's interceptors around one attempt of a call, in a task on the call's loop. The
/// attempt itself is sent when the innermost one asks for it. Belongs to the loop.
final class InterceptedAttempt<Reply: Sendable> {
    private let call: OutgoingAttempt<Reply>
    private let loop: LoopContext
    /// Sends the attempt with this metadata.
    private var send: ((Metadata) -> Void)?
    /// Told once, when the interceptors are through.
    private var done: ((Result<Reply, RPCError>) -> Void)?
    /// How the attempt itself ended.
    private var result: Result<Reply, RPCError>?
    private var waiting: UnsafeContinuation<Void, Never>?
    private var task: Task<Void, Never>?

    init(
        _ call: OutgoingAttempt<Reply>, loop: LoopContext, send: @escaping (Metadata) -> Void,
        done: @escaping (Result<Reply, RPCError>) -> Void
    ) {
        self.call = call
        self.loop = loop
        self.send = send
        self.done = done
    }

    func start(_ interceptor: some ClientInterceptor) {
        let confined = LoopConfined(self)
        task = Task.immediate(executorPreference: loop.executor) {
            let attempt = confined.value
            let outcome: Result<Reply, RPCError>
            do {
                let reply = try await interceptor.intercept(attempt.call) { call in
                    try await confined.value.run(call.metadata).get()
                }
                outcome = .success(reply)
            } catch let error as RPCError {
                outcome = .failure(error)
            } catch is CancellationError {
                outcome = .failure(RPCError(.cancelled, "the call was cancelled"))
            } catch {
                outcome = .failure(
                    RPCError(code: .unknown, message: "an interceptor failed", cause: error))
            }
            attempt.end(outcome)
        }
    }

    private nonisolated(nonsending) func run(
        _ metadata: Metadata
    ) async -> Result<Reply, RPCError> {
        if let send = send.take() {
            if result == nil { send(metadata) }
            if result == nil {
                await withUnsafeContinuation { waiting = $0 }
            }
        }
        return result
            ?? .failure(
                RPCError(
                    .internal, "an interceptor sends an attempt once; repeats are the client's"))
    }

    /// The attempt itself has ended, sent or not.
    func finish(_ result: Result<Reply, RPCError>) {
        if self.result != nil { return }
        self.result = result
        waiting.take()?.resume()
    }

    private func end(_ outcome: Result<Reply, RPCError>) {
        task = nil
        let done = done.take()
        send = nil
        done?(outcome)
    }

    /// Nobody waits for the outcome any more.
    func cancel() {
        done = nil
        finish(.failure(RPCError(.cancelled, "the call was cancelled")))
        task?.cancel()
    }
}
