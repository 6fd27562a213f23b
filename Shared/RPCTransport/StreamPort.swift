internal import HTTP2
internal import NIOCore
internal import RPC

/// The call that a stream belongs to, on the loop of its connection.
protocol StreamOwner: AnyObject {
    /// Nil before the stream is open, and when it is over.
    var openStream: (session: HTTP2Session, stream: HTTP2Stream)? { get }
    /// The outbox wants to be taken when the connection is flushed next.
    func outputIsReady()
    /// The session has frames to send.
    func sessionNeedsFlush()
    /// A window is about to grow, which the process may have no memory for.
    func willConsume()
}

/// Joins the inbox and the outbox of one call with its stream on a connection.
///
/// Sendable: `owner` is touched on the event loop only; everything else is immutable and Sendable.
final class StreamPort: StreamDriver, @unchecked Sendable {
    let inbox: MessageInbox?
    let outbox: MessageOutbox?
    private let eventLoop: any EventLoop
    /// Until `detach`.
    private var owner: (any StreamOwner)?
    /// Bytes that came and that the inbox has not told to be consumed; on the loop.
    private var unread = 0
    private var isReleased = false

    init(inbox: MessageInbox?, outbox: MessageOutbox?, eventLoop: any EventLoop) {
        self.inbox = inbox
        self.outbox = outbox
        self.eventLoop = eventLoop
        inbox?.attach(self)
        outbox?.attach(self)
    }

    // MARK: From any thread

    func consumed(_ count: Int) {
        onLoop {
            guard let owner = self.owner, let (session, stream) = owner.openStream else { return }
            if self.isReleased { return }
            self.unread -= count
            owner.willConsume()
            session.consume(count, on: stream)
            owner.sessionNeedsFlush()
        }
    }

    func hasOutput() {
        onLoop { self.owner?.outputIsReady() }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if eventLoop.inEventLoop { body() } else { eventLoop.execute(body) }
    }

    // MARK: On the loop

    func belong(to owner: any StreamOwner) { self.owner = owner }

    /// A stream is there for the call: its first, or that of a second attempt.
    func opened() { isReleased = false }

    func received(_ data: UnsafeRawBufferPointer, in session: HTTP2Session, on stream: HTTP2Stream)
    {
        let read = inbox?.receive(data) ?? data.count
        unread += data.count - read
        if read > 0 { session.consume(read, on: stream) } else { session.keep() }
    }

    /// The stream brings nothing any more: the credit of what was not read goes back to the connection.
    /// What a reader on another thread has read by now counts as well, whether or not it was told.
    func releaseCredit(to session: HTTP2Session?) {
        inbox?.releaseCredit()
        isReleased = true
        session?.drop(unread)
        unread = 0
    }

    /// The call goes on with another stream, where what was sent so far is sent again.
    func reopen(_ sent: [UInt8]) {
        isReleased = false
        outbox?.rewind(sent)
    }

    /// The call has no stream any more; what came can still be read.
    func detach() {
        inbox?.detach()
        outbox?.detach()
        owner = nil
    }

    /// The ends as a handler gets them.
    var ends: ServerStream { ServerStream(requests: inbox, replies: outbox) }

    /// The call has failed here: neither reading nor writing goes on.
    func abandon(_ error: RPCError) {
        inbox?.abandon(error)
        outbox?.fail(error)
    }
}
