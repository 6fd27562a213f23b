/// A stream as a transport opens it for a client: bytes both ways.
public struct ClientStream: Sendable {
    @usableFromInline let replies: MessageInbox
    @usableFromInline let requests: MessageOutbox
    private let end: @Sendable () -> Void

    /// - Parameter leave: called when nobody is interested any more; cancels the call unless it is
    ///   over.
    package init(
        requests: MessageOutbox, replies: MessageInbox, leave: @escaping @Sendable () -> Void
    ) {
        self.requests = requests
        self.replies = replies
        end = leave
    }

    @usableFromInline
    func leave() { end() }

    /// The life of the stream: it is left, and thereby cancelled, when `body` ends or the task is
    /// cancelled.
    @inlinable
    nonisolated(nonsending) func live<Result>(
        _ body: nonisolated(nonsending) () async throws -> Result
    ) async throws -> Result {
        defer { leave() }
        return try await withTaskCancellationHandler(
            operation: body, onCancel: { leave() })
    }
}
