internal import HTTP2
internal import RPC

/// One attempt of a call that sends a whole body and waits for a whole reply.
class UnaryCall: ClientCall {
    /// Whose attempt it is, until it has ended.
    private var exchange: UnaryExchange?

    // What has come of the reply.
    private var status = 0
    private var headers = Metadata()
    private var body: [UInt8] = []
    private var trailers: Metadata?

    init(
        _ request: RawRequest, deadline: Deadline, attempt: Int, loop: LoopContext,
        exchange: UnaryExchange
    ) {
        self.exchange = exchange
        super.init(request, deadline: deadline, attempt: attempt, loop: loop)
    }

    /// Sends the attempt.
    func begin(in client: ClientLoop, at now: Instant) { client.send(self, now: now) }

    override func submit(_ headers: [UInt8], to session: HTTP2Session) -> HTTP2Stream? {
        session.submitRequest(headers: headers, body: request.body)
    }

    override func received(_ headers: Metadata, status: Int, isLast: Bool) {
        self.status = status
        self.headers = headers
    }

    override func received(
        _ data: UnsafeRawBufferPointer, in session: HTTP2Session, on stream: HTTP2Stream
    ) {
        session.consume(data.count, on: stream)
        if isEnded { return }
        if body.count + data.count > request.maximumReplyBytes {
            return abandon(
                RPCError(
                    .resourceExhausted, "a reply of more than \(request.maximumReplyBytes) bytes",
                    reason: "MESSAGE_TOO_LARGE"))
        }
        body.append(contentsOf: data)
    }

    override func received(trailers: Metadata) { self.trailers = trailers }

    override func receivedEnd() {
        guard end() else { return }
        // The rest of the request is not wanted.
        if let stream, stream.unsent > 0 { connection?.reset(stream, code: .noError) }
        resume(
            .reply(RawReply(status: status, headers: headers, body: body, trailers: trailers)))
    }

    override func failed(_ error: RPCError, wasProcessed: Bool) {
        let progress: AttemptFailure.Progress =
            if status != 0 {
                .committed
            } else if wasProcessed {
                .processed
            } else {
                lastSlot == nil ? .unsent : .refused
            }
        resume(.failed(error, progress))
    }

    func resume(_ result: AttemptResult) { exchange.take()?.ended(self, result) }
}
