internal import HTTP2
internal import RPC

/// Asks the server at the other end of one connection whether it takes calls, for as long as the
/// connection does (gRFC A17). Belongs to the connection's loop.
final class HealthWatch: LoopContext.TimerTarget {
    private let connection: ClientConnection
    private let owner: ClientEndpoint
    private let service: String
    private let loop: LoopContext
    private var call: HealthCall?
    private var backoff = HealthBackoff()
    /// Before a lost stream is opened again, or until the first answer is late.
    private var timer: LoopContext.Timer?
    private var isStopped = false

    init(_ connection: ClientConnection, owner: ClientEndpoint, service: String) {
        self.connection = connection
        self.owner = owner
        self.service = service
        loop = connection.loop
    }

    /// Streams that it has open: they are no calls.
    var openStreams: Int { call?.stream == nil ? 0 : 1 }

    func start() {
        // With room for one stream only, calls need it more.
        if connection.streamLimit < 2 { return stop(isServing: true) }
        let call = HealthCall(self, service: service, loop: loop)
        self.call = call
        let now = loop.now
        timer = loop.arm(self, at: now + Self.patience)
        if !connection.send(call, now: now) { call.leave() }
    }

    /// A server that does not answer for so long counts as one that does not serve.
    private static let patience = Duration.seconds(2)

    func answered(isServing: Bool) {
        if isStopped { return }
        stopTimer()
        backoff.succeeded()
        owner.health(of: connection, isServing: isServing)
    }

    /// The stream has ended. A server without health service takes calls.
    func ended(_ code: StatusCode) {
        call = nil
        if isStopped { return }
        stopTimer()
        if code == .unimplemented { return stop(isServing: true) }
        owner.health(of: connection, isServing: false)
        timer = loop.arm(self, at: loop.now + backoff.failed(jitter: owner.jitter()))
    }

    func timerFired() {
        timer = nil
        if call == nil { start() } else { owner.health(of: connection, isServing: false) }
    }

    private func stopTimer() {
        loop.cancel(timer)
        timer = nil
    }

    /// The peer's stream limit has changed.
    func limitChanged() {
        if connection.streamLimit < 2, !isStopped { stop(isServing: true) }
    }

    private func stop(isServing: Bool) {
        stop()
        owner.health(of: connection, isServing: isServing)
    }

    /// The connection takes no calls any more: nobody needs the answer.
    func stop() {
        isStopped = true
        stopTimer()
        let call = call.take()
        call?.leave()
    }
}

/// One stream of answers.
private final class HealthCall: ClientCall {
    private let watch: HealthWatch
    private var deframer = StreamDeframer(limit: 1 << 10)
    private var ending = Metadata()
    private var status = 0

    init(_ watch: HealthWatch, service: String, loop: LoopContext) {
        self.watch = watch
        let request = RawRequest(
            target: HealthQuestion.path, headers: ["content-type": "application/grpc+proto"],
            body: HealthQuestion.request(for: service))
        super.init(request, deadline: .none, attempt: 0, loop: loop)
    }

    override var isTimed: Bool { false }

    override func submit(_ headers: [UInt8], to session: HTTP2Session) -> HTTP2Stream? {
        session.submitRequest(headers: headers, body: request.body)
    }

    override func received(_ headers: Metadata, status: Int, isLast: Bool) {
        self.status = status
        ending = headers
    }

    override func received(
        _ data: UnsafeRawBufferPointer, in session: HTTP2Session, on stream: HTTP2Stream
    ) {
        session.consume(data.count, on: stream)
        if isEnded || status != 200 { return }
        deframer.append(data)
        do throws(FramingFault) {
            var last: Bool?
            while let framed = try deframer.next() { last = HealthQuestion.isServing(framed) }
            if let last { watch.answered(isServing: last) }
        } catch {
            abandon(error.error(limit: 1 << 10))
        }
    }

    override func received(trailers: Metadata) { ending = trailers }

    override func receivedEnd() {
        guard end() else { return }
        if status == 200 {
            watch.ended(RPCError(trailers: ending)?.code ?? .unknown)
        } else {
            watch.ended(StatusCode(missingStatusWithHTTP: status))
        }
    }

    override func failed(_ error: RPCError, wasProcessed: Bool) { watch.ended(error.code) }
}
