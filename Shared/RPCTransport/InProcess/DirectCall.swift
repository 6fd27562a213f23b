internal import NIOCore
internal import RPC
internal import Synchronization

/// A call that is handed to the handler of a server in this process.
final class DirectCall: Sendable {
    let server: RPCServer
    private let head: RequestHead
    let acceptance: Acceptance
    private let phase = Mutex(Phase.running)

    private enum Phase {
        case running
        case awaited(UnsafeContinuation<Outcome, Never>)
        case ended(Outcome)
    }

    /// A reply of the handler, or why nobody waits for it any more.
    typealias Outcome = Result<Reply, RPCError>

    init(_ head: RequestHead, _ acceptance: Acceptance, at server: RPCServer) {
        self.head = head
        self.acceptance = acceptance
        self.server = server
    }

    /// Gives the whole body, or the ends of the streams, to the handler.
    func handle(_ body: UnsafeRawBufferPointer, _ stream: ServerStream? = nil) -> RequestOutcome {
        let (length, limit) = (body.count - MessagePrefix.count, acceptance.maximumBytes)
        if acceptance.isFramed, length > limit {
            let error = FramingFault.tooLarge(length).error(limit: limit)
            return .reply(.raw(server.handler.reply(to: head, for: error, from: DirectClient.peer)))
        }
        return server.handler.handle(
            InboundRequest(
                head: head, acceptance: acceptance, peer: DirectClient.peer, body: body,
                stream: stream, clock: { LoopContext.now }))
    }

    /// Runs the handler until it has ended, its deadline has passed, or somebody else ends the call;
    /// then it is cancelled.
    func run(_ begin: @escaping @Sendable () async throws(RPCError) -> RequestOutcome) async
        -> Outcome
    {
        let work = Task {
            do throws(RPCError) {
                switch try await begin() {
                case .reply(let reply): end(.success(reply))
                case .run(let handler): end(.success(await handler()))
                }
            } catch {
                end(.failure(error))
            }
        }
        let alarm = alarm()
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { wait($0) }
        } onCancel: {
            end(.failure(DirectClient.cancelled))
        }
        alarm?.cancel()
        work.cancel()
        if server.directCalls.ended(self) { server.end() }
        return outcome
    }

    /// Ends the call at its deadline, if it has one.
    private func alarm() -> Scheduled<Void>? {
        if acceptance.deadline == .none { return nil }
        let nanoseconds = UInt64(Int64(clamping: acceptance.deadline.instant.nanoseconds))
        return server.loopForConnection.scheduleTask(deadline: .uptimeNanoseconds(nanoseconds)) {
            self.end(.failure(DirectClient.expired))
        }
    }

    private func wait(_ continuation: UnsafeContinuation<Outcome, Never>) {
        let ended: Outcome? = phase.withLock { phase in
            if case .ended(let outcome) = phase { return outcome }
            phase = .awaited(continuation)
            return nil
        }
        if let ended { continuation.resume(returning: ended) }
    }

    /// Only the first end counts.
    func end(_ outcome: Outcome) {
        let waiting: UnsafeContinuation<Outcome, Never>? = phase.withLock { phase in
            switch phase {
            case .ended: return nil
            case .running:
                phase = .ended(outcome)
                return nil
            case .awaited(let continuation):
                phase = .ended(outcome)
                return continuation
            }
        }
        waiting?.resume(returning: outcome)
    }
}
