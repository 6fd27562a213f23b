internal import HTTP2
internal import RPC

/// A call that sends a stream of messages and reads one; a single message is a stream of one.
///
/// It is sent again, once and on another connection, if the first one certainly did nothing with it
/// and what was sent is still known.
final class StreamingCall: ClientCall, StreamOwner {
    let port: StreamPort
    private let target: String
    private var status = 0
    private var headers = Metadata()
    private var trailers: Metadata?
    /// Where the caller wants the metadata.
    var metadata: ReceivedMetadata?
    /// What was taken from the outbox so far, as long as it can be sent again.
    private var sentSoFar: [UInt8]? = []
    /// Sends the call again; nil when that was done.
    private var resend: ((StreamingCall) -> Void)?
    private var hasFinished = false
    private var telemetry: ClientTelemetry?
    private var tally = ClientTelemetry.Tally()
    private var bytesIn = 0
    private var bytesOut = 0

    /// More than this is not kept for a second attempt.
    private static let maximumKept = 256 << 10

    init(
        _ request: RawRequest, port: StreamPort, deadline: Deadline, target: String,
        loop: LoopContext, resend: @escaping (StreamingCall) -> Void
    ) {
        self.port = port
        self.target = target
        self.resend = resend
        super.init(request, deadline: deadline, attempt: 0, loop: loop)
        port.belong(to: self)
    }

    override var isTimed: Bool { false }
    override var unsent: Int { port.outbox?.unsent ?? 0 }
    override var unread: Int { port.inbox?.unconsumed ?? 0 }

    // MARK: Requests

    var openStream: (session: HTTP2Session, stream: HTTP2Stream)? {
        guard let session = connection?.session, let stream else { return nil }
        return (session, stream)
    }

    func outputIsReady() { connection?.add(output: self) }
    func sessionNeedsFlush() { connection?.setNeedsFlush() }

    override func submit(_ headers: [UInt8], to session: HTTP2Session) -> HTTP2Stream? {
        session.submitRequest(headers: headers, body: [], isStreaming: true)
    }

    override func opened(on connection: ClientConnection) {
        telemetry?.attemptStarted(tally)
        port.outbox?.charge(connection.budget)
        connection.add(output: self)
    }

    /// Hands over what was written.
    func takeOutput() {
        guard let (session, stream) = openStream, !hasFinished, let outbox = port.outbox else {
            return
        }
        let output = outbox.take()
        if !output.bytes.isEmpty {
            keep(output.bytes)
            bytesOut += output.bytes.count
            session.append(output.bytes, to: stream)
        }
        if output.isFinished {
            hasFinished = true
            session.finish(stream)
        }
    }

    private func keep(_ bytes: [UInt8]) {
        guard var kept = sentSoFar.take(), kept.count + bytes.count <= Self.maximumKept else {
            return
        }
        kept += bytes
        sentSoFar = kept
    }

    override func sent(_ count: Int) { port.outbox?.sent(count) }

    // MARK: Replies

    override func received(_ headers: Metadata, status: Int) {
        sentSoFar = nil
        self.status = status
        self.headers = headers
        metadata?.set(headers: headers)
        let contentType = ContentType(headers["content-type"] ?? "")
        port.inbox?.begin(contentType, headers.messageEncoding ?? .identity)
    }

    override func received(
        _ data: UnsafeRawBufferPointer, in session: HTTP2Session, on stream: HTTP2Stream
    ) {
        if isEnded { return session.consume(data.count, on: stream) }
        if let error = foreignReply {
            session.consume(data.count, on: stream)
            return abandon(error)
        }
        bytesIn += data.count
        port.received(data, in: session, on: stream)
    }

    /// The error of a reply that is not one of gRPC.
    private var foreignReply: RPCError? {
        if status != 200 {
            return RPCError(
                StatusCode(missingStatusWithHTTP: status),
                "the server answered HTTP \(status) without grpc-status")
        }
        if !ContentType(headers["content-type"] ?? "").isGRPC {
            return RPCError(.unknown, "the reply's content type is not gRPC's")
        }
        return nil
    }

    override func received(trailers: Metadata) {
        self.trailers = trailers
        metadata?.set(trailers: trailers)
    }

    override func receivedEnd() {
        guard end() else { return }
        let ending = trailers ?? headers
        if trailers == nil { metadata?.set(trailers: headers) }
        if let error = RPCError(trailers: ending) {
            conclude(error)
        } else if ending.firstField("grpc-status") == nil {
            conclude(
                foreignReply ?? RPCError(.unknown, "\(target): the reply ended without grpc-status")
            )
        } else {
            conclude(foreignReply)
        }
        // The rest of the requests is not wanted.
        if let stream, !hasFinished { connection?.reset(stream, code: .noError) }
    }

    // MARK: Ends

    /// Tells of the call, which begins now.
    func observe(_ telemetry: ClientTelemetry?, at now: Instant) {
        guard let telemetry else { return }
        self.telemetry = telemetry
        telemetry.began(&tally, request, at: now)
        span = telemetry.attemptSpan(of: tally, at: now)
    }

    private func noteEnd(_ error: RPCError?) {
        guard let telemetry = telemetry.take() else { return }
        let now = loop.readClock()
        telemetry.attemptEnded(
            &tally, error?.code ?? .ok, span: span, number: attempt, sentAt: sentAt,
            bytesIn: bytesIn, bytesOut: bytesOut, at: now)
        telemetry.ended(
            tally, error?.code ?? .ok, error, request.headers, deadline: deadline, at: now)
    }

    private func conclude(_ error: RPCError?) {
        noteEnd(error)
        if let error {
            port.inbox?.fail(error)
            port.outbox?.fail(error)
        } else {
            port.inbox?.finish()
            port.outbox?.fail(
                RPCError(
                    .cancelled, "the server has ended the call", reason: MessageOutbox.peerEnded))
        }
        if stream == nil { port.detach() }
    }

    override func failed(_ error: RPCError, wasProcessed: Bool) {
        var error = error
        error.message = "\(target): \(error.message)"
        conclude(error)
    }

    override func fail(_ error: RPCError, wasProcessed: Bool = true) {
        guard !wasProcessed, error.code == .unavailable, !isEnded, let sent = sentSoFar,
            let resend = resend.take()
        else { return super.fail(error, wasProcessed: wasProcessed) }
        sentSoFar = []
        hasFinished = false
        telemetry?.count(.retries, "transparent")
        port.outbox?.rewind(sent)
        resend(self)
    }

    override func leave() {
        super.leave()
        // What came and was not read is not wanted either.
        port.abandon(RPCError(.cancelled, "the call was cancelled"))
    }

    override func leaveConnection(_ session: HTTP2Session?) {
        super.leaveConnection(session)
        port.releaseCredit(to: session)
        if isEnded { port.detach() }
    }
}
