public import Wire

/// What a streaming handler writes its replies to. The stream ends when the handler returns.
public struct ReplyWriter<Message: WireMessage>: Sendable {
    @usableFromInline let outbox: MessageOutbox
    @usableFromInline let method: MethodDescriptor

    @usableFromInline
    init(_ outbox: MessageOutbox, _ method: MethodDescriptor) {
        self.outbox = outbox
        self.method = method
    }

    /// Sends a message; waits while the caller does not read what was sent before: from 256 KiB
    /// unsent on the stream, or 1 MiB on its connection.
    ///
    /// With `compressed: false` it goes as it is, also where the method's replies are compressed.
    ///
    /// Throws RESOURCE_EXHAUSTED for a message over the method's limit, and how the call ended if it
    /// did: the handler has nobody to write to then.
    @inlinable
    public nonisolated(nonsending) func write(
        _ message: Message, compressed: Bool = true
    ) async throws(RPCError) {
        let framed = message.encoded(prefix: MessagePrefix.count)
        try await outbox.write(
            framed, limit: method.maximumResponseBytes, compressed: compressed, "reply")
    }

    /// Tells the caller now that the call was accepted, instead of with the first message.
    public func sendHeaders() { outbox.sendHeaders() }
}
