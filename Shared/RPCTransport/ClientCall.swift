internal import HTTP2
internal import RPC

/// One attempt of a call, on its way through a client connection. Belongs to a loop. What becomes of
/// a reply is the subclass's matter.
class ClientCall: LoopContext.TimerTarget {
    var request: RawRequest
    let deadline: Deadline
    /// Attempts before this one that may have run.
    var attempt: Int
    let loop: LoopContext
    private var timer: LoopContext.Timer?
    /// The connection that it was sent on, and its stream there until that is over.
    var connection: ClientConnection?
    var stream: HTTP2Stream?
    private(set) var isEnded = false

    /// The stream that the balancer has reserved for the call.
    struct Reservation {
        let client: ClientLoop
        let slot: Int
        /// Nil if the call's duration says nothing about the endpoint.
        let startedAt: Instant?
    }
    var reservation: Reservation?
    /// The endpoint that the call ran on, once that is over.
    private(set) var lastSlot: Int?
    /// An endpoint to leave out if there is another one.
    var avoided: Int?
    /// What the call says about its endpoint.
    var outcome = CallOutcome.unknown
    /// Waits for an endpoint until the deadline, instead of failing if none can be reached.
    var waitsForReady = false
    /// The request is in our own encoding: an endpoint that refuses it gets another content type.
    var isAssay = false
    /// The endpoint did not know our content type: nothing ran.
    var wasRefusedAsAssay = false
    /// The reply has ended, though its stream is not over and the call not yet either.
    var hasReply = false
    private(set) var sentAt = Instant(nanoseconds: 0)
    /// Nil if the attempt is not recorded in a trace.
    var span: CallSpan?
    /// Whether the call's duration says something about its endpoint.
    var isTimed: Bool { true }

    /// - Parameter isTimed: whether the call ends itself at its deadline.
    init(
        _ request: consuming RawRequest, deadline: Deadline, attempt: Int, loop: LoopContext,
        isTimed: Bool = true
    ) {
        self.request = consume request
        self.deadline = deadline
        self.attempt = attempt
        self.loop = loop
        if isTimed { timer = loop.arm(self, at: deadline.instant) }
    }

    /// Bytes that came and were not taken.
    var unread: Int { 0 }
    /// Bytes that were written and not sent.
    var unsent: Int { 0 }

    // MARK: What a kind of call does

    /// Sends the request; nil if the connection opens no stream any more.
    func submit(_ headers: [UInt8], to session: HTTP2Session) -> HTTP2Stream? { nil }

    /// The request was submitted; more of it may follow.
    func opened(on connection: ClientConnection) {}

    /// The call is on its way.
    final func sent(on stream: HTTP2Stream, of connection: ClientConnection, at now: Instant) {
        self.stream = stream
        self.connection = connection
        sentAt = now
        opened(on: connection)
    }

    /// - Parameter isLast: the reply is this block of headers and nothing else.
    func received(_ headers: Metadata, status: Int, isLast: Bool) {}

    /// Takes the bytes in and has them consumed.
    func received(_ data: UnsafeRawBufferPointer, in session: HTTP2Session, on stream: HTTP2Stream)
    {}

    func received(trailers: Metadata) {}

    /// The reply is whole.
    func receivedEnd() {}

    /// The stream of a call with `hasReply` is over.
    func streamEnded() {}

    /// Bytes of a body that comes in pieces were sent.
    func sent(_ count: Int) {}

    /// The attempt has failed, once. `wasProcessed` is false if the peer certainly did nothing: then
    /// any call may be sent again.
    func failed(_ error: RPCError, wasProcessed: Bool) {}

    // MARK: Ends

    /// True for the first end, which counts.
    func end() -> Bool {
        if isEnded { return false }
        isEnded = true
        loop.cancel(timer)
        timer = nil
        return true
    }

    func fail(_ error: RPCError, wasProcessed: Bool = true) {
        if end() { failed(error, wasProcessed: wasProcessed) }
    }

    func fail(_ code: StatusCode, _ message: String, wasProcessed: Bool = true) {
        fail(RPCError(code, message), wasProcessed: wasProcessed)
    }

    /// The stream is over: the balancer learns how it went.
    final func settle(_ outcome: CallOutcome) {
        guard let reservation = reservation.take() else { return }
        lastSlot = reservation.slot
        reservation.client.ended(reservation, self, outcome)
    }

    func timerFired() {
        timer = nil
        outcome = .overloaded
        abandon(RPCError(.deadlineExceeded, "the deadline has passed", reason: "EXPIRED"))
    }

    /// Nobody waits any more: the peer is told with RST_STREAM(CANCEL).
    func abandon(_ error: RPCError) {
        guard !isEnded else { return }
        if let stream, let connection { connection.cancel(stream) }
        fail(error)
    }

    /// The caller is not interested any more.
    func leave() { abandon(RPCError(.cancelled, "the call was cancelled")) }

    /// The stream is over.
    func leaveConnection(_ session: HTTP2Session?) {
        stream = nil
        connection = nil
    }
}
