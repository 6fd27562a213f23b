public import Wire

/// What a caller writes the messages of a stream to.
public struct RequestWriter<Message: WireMessage>: Sendable {
    @usableFromInline let outbox: MessageOutbox
    @usableFromInline let method: MethodDescriptor

    @usableFromInline
    init(_ outbox: MessageOutbox, _ method: MethodDescriptor) {
        self.outbox = outbox
        self.method = method
    }

    /// Sends a message; waits while the server does not read what was sent before: from 256 KiB
    /// unsent on the stream, or 1 MiB on its connection.
    ///
    /// With `compressed: false` it goes as it is, also in a call whose requests are compressed.
    ///
    /// Throws RESOURCE_EXHAUSTED for a message over the method's limit, and how the call ended if it
    /// did before the last message.
    @inlinable
    public nonisolated(nonsending) func write(
        _ message: Message, compressed: Bool = true
    ) async throws(RPCError) {
        let framed = message.encoded(prefix: MessagePrefix.count)
        try await outbox.write(
            framed, limit: method.maximumRequestBytes, compressed: compressed, "request")
    }

    /// There will be no further message: the server's loop over the requests ends. Leaving the
    /// call's closure without it cancels the call, unless only requests are streamed.
    public func finish() { outbox.finish() }
}
