internal import Synchronization

/// The receiving end of a stream of messages. A transport puts bytes in and is told what was
/// consumed; one reader takes messages out, from any thread.
///
/// At most one message waits beyond the one that the reader asked for; the bytes behind it are not
/// consumed, so that a peer that sends faster than we read is held back.
public final class MessageInbox: Sendable {
    private enum End {
        case open, finished
        case failed(RPCError)
    }

    private struct State {
        var deframer: StreamDeframer
        var contentType: ContentType
        var end = End.open
        var driver: (any StreamDriver)?
        /// Consumed, but the transport was not told yet.
        var withheld = 0
        var reader: UnsafeContinuation<Void, Never>?
        var isReaderCancelled = false
        /// What the process was told that is buffered here.
        var counted = 0
        /// Whether the last message that was taken had been packed.
        var wasPacked = false

        var isReadable: Bool {
            if case .open = end { return deframer.isReady }
            return true
        }
    }

    private enum Arrival {
        case message(InboundMessage)
        case nothing, end
        case failure(RPCError)
    }

    /// The transport is told of consumed bytes in portions of this size, and before the reader waits.
    private static let creditPortion = 16 << 10
    /// The process is told of what is buffered in portions of this size: a thousand streams together
    /// must not hide much.
    private static let countedPortion = 4 << 10

    private let state: Mutex<State>
    private let limit: Int
    private let memory: ProcessMemory?

    /// - Parameters:
    ///   - limit: the most bytes that a message may have, without its prefix.
    ///   - contentType: how the peer encodes.
    ///   - encoding: how the peer packs.
    ///   - memory: what is buffered counts as held by this process.
    package init(
        limit: Int, contentType: ContentType, encoding: MessageEncoding = .identity,
        memory: ProcessMemory? = nil
    ) {
        self.memory = memory
        self.limit = limit
        state = Mutex(
            State(
                deframer: StreamDeframer(limit: limit, encoding: encoding),
                contentType: contentType))
    }

    deinit { memory?.hold(-state.withLock(\.counted)) }

    /// Tells the process what is buffered, if that has changed by enough.
    private func count(_ state: inout State, portion: Int = MessageInbox.countedPortion) {
        guard let memory else { return }
        let change = state.deframer.buffered - state.counted
        if abs(change) < portion { return }
        state.counted += change
        memory.hold(change)
    }

    // MARK: The transport's side

    /// Connects the transport that wants to hear of consumed bytes.
    package func attach(_ driver: any StreamDriver) { state.withLock { $0.driver = driver } }

    /// The peer has said how it encodes and packs, before any of its messages.
    package func begin(_ contentType: ContentType, _ encoding: MessageEncoding = .identity) {
        state.withLock { state in
            state.contentType = contentType
            state.deframer.encoding = encoding
        }
    }

    /// Takes bytes in; returns how many bytes, of these and earlier ones, were consumed.
    package func receive(_ data: UnsafeRawBufferPointer) -> Int {
        nonisolated(unsafe) let data = data  // Lent for the call, and not kept.
        let (credit, reader) = state.withLock { state in
            guard case .open = state.end else {
                return (data.count, UnsafeContinuation<Void, Never>?.none)
            }
            state.deframer.append(data)
            count(&state)
            let credit = state.deframer.takeCredit() + state.withheld
            state.withheld = 0
            return (credit, state.deframer.isReady ? state.reader.take() : nil)
        }
        reader?.resume()
        return credit
    }

    /// The peer has ended its side: what is there can still be read.
    package func finish() { end(.finished) }

    /// The stream failed: the reader gets the messages that are there, then the error.
    package func fail(_ error: RPCError) { end(.failed(error)) }

    /// Nobody shall read any more: the reader gets the error at once.
    package func abandon(_ error: RPCError) {
        let reader = state.withLock { state in
            state.end = .failed(error)
            state.withheld += state.deframer.consumeAll()
            state.deframer.removeAll()
            count(&state, portion: 1)
            return state.reader.take()
        }
        reader?.resume()
    }

    private func end(_ end: End) {
        let reader = state.withLock { state in
            if case .open = state.end { state.end = end }
            return state.reader.take()
        }
        reader?.resume()
    }

    /// Counts all that came as consumed, since nothing more will come; returns how much of it the
    /// transport was not told of.
    @discardableResult
    package func releaseCredit() -> Int {
        state.withLock { state in
            defer { state.withheld = 0 }
            return state.withheld + state.deframer.consumeAll()
        }
    }

    /// The transport's stream is over: disconnects it. What came can still be read.
    package func detach() { state.withLock { $0.driver = nil } }

    /// Whether the transport's stream lives.
    package var isAttached: Bool { state.withLock { $0.driver != nil } }

    /// Bytes that the transport was not told are consumed.
    package var unconsumed: Int { state.withLock { $0.deframer.unconsumed + $0.withheld } }

    /// The message that is not complete although the peer has all the room for it; nil if none is.
    package var unfinished: (message: Int, bytes: Int)? {
        state.withLock { $0.deframer.unfinished }
    }

    /// How the stream failed, if it did.
    package var failure: RPCError? {
        state.withLock { state in
            if case .failed(let error) = state.end { error } else { nil }
        }
    }

    /// Bytes that wait to be read.
    package var buffered: Int { state.withLock { $0.deframer.buffered } }

    // MARK: The reader's side

    /// Whether the message that `next` returned last had come packed.
    var wasPacked: Bool { state.withLock(\.wasPacked) }

    /// The next message; nil at the end of the stream. Throws how the stream failed, or CANCELLED if
    /// the task is cancelled while it waits.
    @usableFromInline
    nonisolated(nonsending) func next() async throws(RPCError) -> InboundMessage? {
        while true {
            switch takeNext() {
            case .message(let message):
                return message.framed[0] == 0 ? message : try unpacked(message)
            case .end: return nil
            case .failure(let error): throw error
            case .nothing:
                await arrival()
                if Task.isCancelled, !state.withLock({ $0.isReadable }) {
                    throw RPCError(.cancelled, "the call was cancelled")
                }
            }
        }
    }

    /// The one message of a stream that has one, with its prefix; what follows it as well, so that
    /// whoever reads it can tell.
    package nonisolated(nonsending) func whole() async throws(RPCError) -> [UInt8] {
        var body: [UInt8] = []
        for _ in 0..<2 {
            guard let message = try await next() else { break }
            body += message.framed
        }
        return body
    }

    /// Unpacks a message on the reader's thread; the stream fails if that cannot be done.
    private func unpacked(_ message: InboundMessage) throws(RPCError) -> InboundMessage {
        do throws(FramingFault) {
            return InboundMessage(
                framed: try MessageDeframer.unpacked(message.framed, limit: limit),
                contentType: message.contentType)
        } catch {
            let error = error.error(limit: limit)
            abandon(error)
            throw error
        }
    }

    private func takeNext() -> Arrival {
        let (arrival, credit, driver) = state.withLock { state in
            let arrival = Self.take(from: &state, limit: limit)
            count(&state)
            let isPortion = state.withheld >= Self.creditPortion
            var isWaiting = false
            if case .nothing = arrival { isWaiting = true }
            guard isPortion || isWaiting, state.withheld > 0, let driver = state.driver else {
                return (arrival, 0, (any StreamDriver)?.none)
            }
            defer { state.withheld = 0 }
            return (arrival, state.withheld, driver)
        }
        driver?.consumed(credit)
        return arrival
    }

    private static func take(from state: inout State, limit: Int) -> Arrival {
        do throws(FramingFault) {
            if let framed = try state.deframer.next() {
                state.withheld += state.deframer.takeCredit()
                state.wasPacked = framed[0] != 0
                return .message(InboundMessage(framed: framed, contentType: state.contentType))
            }
        } catch {
            state.end = .failed(error.error(limit: limit))
            state.withheld += state.deframer.consumeAll()
            state.deframer.removeAll()
        }
        switch state.end {
        case .open: return .nothing
        case .failed(let error): return .failure(error)
        case .finished:
            if state.deframer.buffered == 0 { return .end }
            return .failure(FramingFault.truncated.error(limit: limit))
        }
    }

    /// Waits until there is something to take, or the task is cancelled.
    private nonisolated(nonsending) func arrival() async {
        state.withLock { $0.isReaderCancelled = false }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isReadable = state.withLock { state in
                    if state.isReadable || state.isReaderCancelled { return true }
                    precondition(state.reader == nil, "a stream has one reader at a time")
                    state.reader = continuation
                    return false
                }
                if isReadable { continuation.resume() }
            }
        } onCancel: {
            let reader = state.withLock { state in
                state.isReaderCancelled = true
                return state.reader.take()
            }
            reader?.resume()
        }
    }
}

/// A message that came on a stream, still behind its prefix.
@usableFromInline
struct InboundMessage: Sendable {
    @usableFromInline let framed: [UInt8]
    @usableFromInline let contentType: ContentType
}

/// The transport under a stream. Called from any thread.
package protocol StreamDriver: AnyObject, Sendable {
    /// The reader has made room for `count` more bytes.
    func consumed(_ count: Int)
    /// The outbox has something to take: bytes, headers or an end. Not called again until it was
    /// taken.
    func hasOutput()
}
