public import Wire

/// The messages that a caller sends to a handler, in order.
public typealias RequestStream<Message: WireMessage> = MessageStream<Message>
/// The messages that a handler sends back to its caller, in order.
public typealias ReplyStream<Message: WireMessage> = MessageStream<Message>

/// Messages in the order they were sent, each decoded when it is asked for.
///
/// Who does not ask holds the sender back: at most one message waits beyond the one that is asked
/// for, and as many bytes as the sender had the window for. To be read by one task at a time; a second
/// loop goes on where the first one ended.
///
/// Throws an `RPCError`, and nothing else: how the call failed, or what is wrong with a message.
public struct MessageStream<Message: WireMessage>: AsyncSequence, Sendable {
    public typealias Element = Message
    public typealias Failure = RPCError

    @usableFromInline
    enum Direction: Sendable { case requests, replies }

    @usableFromInline let inbox: MessageInbox
    @usableFromInline let method: MethodDescriptor
    @usableFromInline let direction: Direction

    @usableFromInline
    init(_ direction: Direction, _ inbox: MessageInbox, _ method: MethodDescriptor) {
        self.direction = direction
        self.inbox = inbox
        self.method = method
    }

    /// Whether the message that was read last had come compressed.
    package var lastWasCompressed: Bool { inbox.wasPacked }

    public func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    @inlinable
    func decode(_ message: InboundMessage) throws(RPCError) -> Message {
        let decoded = message.framed.withUnsafeBytes { framed in
            Result { () throws(RPCError) in
                try Message(
                    request: UnsafeRawBufferPointer(rebasing: framed[MessagePrefix.count...]),
                    as: message.contentType, limit: method.maximumRequestBytes)
            }
        }
        return try decoded.get()
    }

    public struct Iterator: AsyncIteratorProtocol {
        @usableFromInline let stream: MessageStream

        @usableFromInline
        init(stream: MessageStream) { self.stream = stream }

        @inlinable
        public mutating func next() async throws(RPCError) -> Message? {
            try await next(isolation: nil)
        }

        @inlinable
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(RPCError) -> Message? {
            guard let message = try await stream.inbox.next() else { return nil }
            switch stream.direction {
            case .requests: return try stream.decode(message)
            case .replies:
                let reply = ReplyMessage(framed: message.framed, contentType: message.contentType)
                return try reply.decode(for: stream.method)
            }
        }
    }
}
