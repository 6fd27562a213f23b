internal import RPC
internal import Synchronization

/// One direction of a stream within the process: what is written to the outbox is in the inbox at once.
/// A writer waits while more is unread than its outbox may have unsent.
final class DirectPipe: StreamDriver {
    let outbox: MessageOutbox
    let inbox: MessageInbox
    /// Told of the metadata before the first message.
    private let begin: (@Sendable (Metadata) -> Void)?
    /// Whether something has passed. Keeps what several writers write in order.
    private let hasBegun = Mutex(false)

    init(
        _ outbox: MessageOutbox, _ inbox: MessageInbox, begin: (@Sendable (Metadata) -> Void)? = nil
    ) {
        self.outbox = outbox
        self.inbox = inbox
        self.begin = begin
        outbox.attach(self)
        inbox.attach(self)
        // What was written before there was a pipe.
        hasOutput()
    }

    /// What was read counts as sent.
    func consumed(_ count: Int) { outbox.sent(count) }

    func hasOutput() {
        let read = hasBegun.withLock { hasBegun in
            let output = outbox.take()
            if !hasBegun, output.hasHeaders || !output.bytes.isEmpty {
                hasBegun = true
                begin?(outbox.metadata.headers)
            }
            let read = output.bytes.withUnsafeBytes { inbox.receive($0) }
            if output.isFinished { inbox.finish() }
            return read
        }
        if read > 0 { outbox.sent(read) }
    }

    /// Nothing passes any more; what has can still be read.
    func detach() {
        outbox.detach()
        inbox.detach()
    }
}
