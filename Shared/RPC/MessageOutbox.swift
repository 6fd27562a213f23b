internal import Synchronization

/// The sending end of a stream of messages. Writers put messages in, from any thread, and wait while
/// more is unsent than the stream or its connection may have; a transport takes the bytes out.
public final class MessageOutbox: Sendable {
    private enum End {
        case open, finished
        case failed(RPCError)
    }

    private struct State {
        /// Bytes that the transport has not taken.
        var pending: [UInt8] = []
        /// Bytes that it has taken and not sent.
        var taken = 0
        var end = End.open
        var wantsHeaders = false
        var metadata = ReplyMetadata()
        var driver: (any StreamDriver)?
        var budget: OutputBudget?
        /// The driver knows that there is something to take.
        var isAnnounced = false
        var writers: [Writer] = []
        var writerCount: UInt64 = 0

        var unsent: Int { pending.count + taken }
        /// The driver, if it is to be told.
        mutating func announce() -> (any StreamDriver)? {
            if isAnnounced { return nil }
            isAnnounced = true
            return driver
        }

        /// Why nothing can be written.
        var failure: RPCError? {
            switch end {
            case .open: nil
            case .finished:
                RPCError(.internal, "a message was written behind the end of the stream")
            case .failed(let error): error
            }
        }

        mutating func takeWriters() -> [UnsafeContinuation<Void, Never>] {
            writers.indices.compactMap { writers[$0].continuation.take() }
        }
    }

    private struct Writer {
        let id: UInt64
        /// Nil until it waits.
        var continuation: UnsafeContinuation<Void, Never>?
        var isCancelled = false
    }

    /// What the transport takes at once.
    package struct Output {
        package var bytes: [UInt8]
        package var isFinished: Bool
        package var hasHeaders: Bool
    }

    /// The `reason` of the error that a write gets when the peer has ended the call in order.
    package static let peerEnded = "STREAM_ENDED"

    package let limit: Int
    /// How messages are packed, where that makes them smaller.
    private let encoding: MessageEncoding
    private let memory: ProcessMemory?
    private let state: Mutex<State>

    /// The limit while the process is short of memory: what is under way must not use up the rest.
    private static let shortLimit = 16 << 10

    /// - Parameters:
    ///   - limit: unsent bytes from which on a writer waits.
    ///   - memory: while it is short, writers wait sooner.
    package init(
        limit: Int = 256 << 10, encoding: MessageEncoding = .identity, memory: ProcessMemory? = nil
    ) {
        self.limit = limit
        self.encoding = encoding
        self.memory = memory
        state = Mutex(State())
    }

    // MARK: The writer's side

    /// Writes a message whose first five bytes are free for its prefix, unless it is over `limit`.
    @usableFromInline
    nonisolated(nonsending) func write(
        _ framed: consuming [UInt8], limit: Int, compressed: Bool = true, _ kind: StaticString
    ) async throws(RPCError) {
        let length = framed.count - MessagePrefix.count
        if length > limit {
            throw RPCError(
                .resourceExhausted,
                "a \(kind) of \(length) bytes; at most \(limit) are allowed",
                reason: "MESSAGE_TOO_LARGE")
        }
        if compressed, encoding == .gzip, let packed = Gzip.deflate(framed: framed) {
            return try await write(packed)
        }
        MessagePrefix.write(into: &framed)
        try await write(framed)
    }

    /// Adds a message, whose first five bytes are its prefix. Returns when it may be followed by
    /// another one; throws how the stream ended, or CANCELLED if the task is cancelled while it waits.
    private nonisolated(nonsending) func write(_ framed: [UInt8]) async throws(RPCError) {
        switch add(framed) {
        case .failed(let error): throw error
        case .added(let driver, let mustWait):
            driver?.hasOutput()
            if mustWait { try await room() }
        }
    }

    private enum Addition {
        case added((any StreamDriver)?, mustWait: Bool)
        case failed(RPCError)
    }

    private func add(_ framed: [UInt8]) -> Addition {
        state.withLock { state in
            if let error = state.failure { return .failed(error) }
            if state.pending.isEmpty {
                state.pending = framed
            } else {
                state.pending.append(contentsOf: framed)
            }
            state.budget?.add(framed.count)
            return .added(state.announce(), mustWait: isOver(state))
        }
    }

    /// Sends the headers now instead of with the first message.
    func sendHeaders() {
        let driver = state.withLock { state in
            state.wantsHeaders = true
            return state.announce()
        }
        driver?.hasOutput()
    }

    func add(headers: Metadata) {
        state.withLock { $0.metadata.headers.append(contentsOf: headers) }
    }

    func add(trailers: Metadata) {
        state.withLock { $0.metadata.trailers.append(contentsOf: trailers) }
    }

    /// There will be no further message.
    package func finish() {
        let driver = state.withLock { state in
            guard case .open = state.end else { return (any StreamDriver)?.none }
            state.end = .finished
            return state.announce()
        }
        driver?.hasOutput()
    }

    private var currentLimit: Int {
        guard let memory, memory.level > .normal else { return limit }
        return min(limit, Self.shortLimit)
    }

    private func isOver(_ state: State) -> Bool {
        state.unsent > currentLimit || state.budget?.blocks(self) ?? false
    }

    private nonisolated(nonsending) func room() async throws(RPCError) {
        let id = state.withLock { state in
            state.writerCount += 1
            state.writers.append(Writer(id: state.writerCount))
            return state.writerCount
        }
        defer { state.withLock { state in state.writers.removeAll { $0.id == id } } }
        while try mustWait() {
            if Task.isCancelled { throw RPCError(.cancelled, "the call was cancelled") }
            await change(for: id)
        }
    }

    private func mustWait() throws(RPCError) -> Bool {
        let (mustWait, failure): (Bool, RPCError?) = state.withLock { state in
            if case .failed(let error) = state.end { return (false, error) }
            return (isOver(state), nil)
        }
        if let failure { throw failure }
        return mustWait
    }

    /// Waits until it is worth looking again.
    private nonisolated(nonsending) func change(for id: UInt64) async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                if !park(continuation, for: id) { continuation.resume() }
            }
        } onCancel: {
            let continuation: UnsafeContinuation<Void, Never>? = state.withLock { state in
                guard let index = state.writers.firstIndex(where: { $0.id == id }) else {
                    return nil
                }
                state.writers[index].isCancelled = true
                return state.writers[index].continuation.take()
            }
            continuation?.resume()
        }
    }

    /// False if the writer need not wait any more.
    private func park(_ continuation: UnsafeContinuation<Void, Never>, for id: UInt64) -> Bool {
        state.withLock { state in
            if case .failed = state.end { return false }
            guard let index = state.writers.firstIndex(where: { $0.id == id }),
                !state.writers[index].isCancelled, isOver(state)
            else { return false }
            state.writers[index].continuation = continuation
            return true
        }
    }

    // MARK: The transport's side

    /// Connects the transport that takes what is written.
    package func attach(_ driver: any StreamDriver) { state.withLock { $0.driver = driver } }

    /// What is unsent counts for its connection too from now on.
    package func charge(_ budget: OutputBudget) {
        state.withLock { state in
            state.budget = budget
            budget.add(state.unsent)
        }
    }

    /// What the handler has added to its replies so far.
    package var metadata: ReplyMetadata { state.withLock(\.metadata) }

    /// Takes all there is.
    package func take() -> Output {
        state.withLock { state in
            state.isAnnounced = false
            var isFinished = false
            if case .finished = state.end { isFinished = true }
            let output = Output(
                bytes: state.pending, isFinished: isFinished, hasHeaders: state.wantsHeaders)
            state.taken += state.pending.count
            state.pending = []
            return output
        }
    }

    /// Taken bytes have been sent.
    package func sent(_ count: Int) {
        let (writers, budget) = state.withLock { state in
            state.taken -= count
            return (wakeable(&state), state.budget)
        }
        budget?.subtract(count)
        for writer in writers { writer.resume() }
    }

    /// The budget has room again.
    func reconsider() {
        let writers = state.withLock { wakeable(&$0) }
        for writer in writers { writer.resume() }
    }

    private func wakeable(_ state: inout State) -> [UnsafeContinuation<Void, Never>] {
        if state.writers.isEmpty || state.unsent > currentLimit { return [] }
        return state.takeWriters()
    }

    /// Nothing more can be written: writers get the error. What was taken is still sent.
    package func fail(_ error: RPCError) {
        let (writers, budget, dropped) = state.withLock { state in
            if case .failed = state.end {} else { state.end = .failed(error) }
            let dropped = state.pending.count
            state.pending = []
            return (state.takeWriters(), state.budget, dropped)
        }
        if dropped > 0 { budget?.subtract(dropped) }
        for writer in writers { writer.resume() }
    }

    /// The transport's stream is over: disconnects it. What is unsent counts no more.
    package func detach() {
        let (budget, unsent) = state.withLock { state in
            defer { state.taken = 0 }
            state.driver = nil
            return (state.budget.take(), state.unsent)
        }
        budget?.subtract(unsent)
    }

    /// The stream is to be sent again on another connection: puts back what was taken.
    package func rewind(_ taken: [UInt8]) {
        let (budget, unsent) = state.withLock { state in
            defer {
                state.pending = taken + state.pending
                state.taken = 0
            }
            return (state.budget.take(), state.unsent)
        }
        budget?.subtract(unsent)
    }

    /// Bytes that have not been sent.
    package var unsent: Int { state.withLock(\.unsent) }
}
