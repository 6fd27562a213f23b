internal import HTTP2
internal import NIOCore
internal import RPC
internal import TLS

/// A connection on the server's side: the one handler of its channel above TLS. Owns the HTTP/2
/// session and runs each request on the connection's own event loop.
final class ServerConnection: ChannelInboundHandler, LoopContext.Flushable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let handler: any RequestHandler
    let profile: HTTP2Profile
    private let isTLS: Bool
    private(set) var context: ChannelHandlerContext?
    private(set) var session: HTTP2Session?
    let loop: LoopContext
    private var peer = Peer(address: "")
    private var isReading = false
    private var needsFlush = false
    var closesAfterFlush = false
    private(set) var isWritable = true
    private var now = Instant(nanoseconds: 0)

    /// Handlers that run, also those whose stream is gone already.
    private var running = 0
    /// Calls whose deadline timer is armed only if they outlive this read.
    private var untimed: [ServerCall] = []
    /// A body that came whole, where it lies in the read buffer.
    var whole: (call: ServerCall, body: UnsafeRawBufferPointer)?
    var drain = DrainPhase.serving
    var settingsTimer: LoopContext.Timer?
    private var sawSettings = false
    /// What the streams of this connection have unsent together.
    let budget = OutputBudget()
    /// Calls whose handlers have written something.
    private var outputs: [ServerCall] = []
    private var stalls: StallWatch?

    /// What is read of a request that has its reply already.
    private static let maximumDiscarded = 64 << 10

    enum DrainPhase { case serving, noticed, final }

    init(handler: any RequestHandler, profile: HTTP2Profile, isTLS: Bool, loop: LoopContext) {
        self.loop = loop
        self.handler = handler
        self.profile = profile
        self.isTLS = isTLS
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive && !isTLS { open(identity: nil) }
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isTLS { open(identity: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let handshake = event as? TLSHandshakeCompleted {
            open(identity: handshake.peer)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func open(identity: PeerIdentity?) {
        guard session == nil, let context else { return }
        peer = Peer(
            address: context.remoteAddress.map(Self.text) ?? "unknown",
            identity: identity?.spiffeID.map { "\($0)" }, isEncrypted: isTLS)
        session = HTTP2Session(
            role: .server, profile: profile, delegate: self, workspace: loop.workspace)
        stalls = StallWatch(self, timeout: profile.stallTimeout, loop: loop)
        loop.runners.connectionOpened()
        settingsTimer = loop.arm(SettingsTimeout(self), at: loop.now + .seconds(5))
        flush()
    }

    private static func text(_ address: SocketAddress) -> String {
        "\(address.ipAddress ?? "unix"):\(address.port ?? 0)"
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let session else { return }
        let buffer = unwrapInboundIn(data)
        now = loop.now
        isReading = true
        var failure: HTTP2Error?
        buffer.withUnsafeReadableBytes { bytes in
            do throws(HTTP2Error) {
                try session.receive(bytes, now: now.nanoseconds)
            } catch {
                failure = error
            }
            keepWholeBody()
        }
        isReading = false
        needsFlush = true
        loop.runners.start()
        if failure != nil {
            closesAfterFlush = true
            flush()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        armTimers()
        if needsFlush { flush() }
        loop.flushAll()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable { flush() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// The connection is gone: every handler is cancelled, in this tick.
    private func end() {
        guard let ended = session else { return }
        session = nil
        loop.cancel(settingsTimer)
        stalls?.stop()
        outputs = []
        for stream in ended.openStreamList { abandon(stream) }
        loop.runners.connectionEnded()
        withExtendedLifetime(ended) {}
    }

    private func abandon(_ stream: HTTP2Stream) {
        guard let call = call(of: stream) else { return }
        stream.context = nil
        call.stream = nil
        stopTimer(of: call)
        if let port = call.port {
            port.releaseCredit(to: session)
            port.detach()
            port.abandon(RPCError(.cancelled, "the caller has gone"))
        }
        call.runner?.cancel()
    }

    // MARK: Output

    /// Sends what the session has ready: one buffer, one write.
    func flush() {
        needsFlush = false
        stalls?.look()
        guard !isReading, let session, let context, isWritable else { return }
        if !outputs.isEmpty {
            let ready = outputs
            outputs.removeAll(keepingCapacity: true)
            takeOutput(ready)
        }
        do throws(HTTP2Error) {
            let isDrained = try loop.gather(from: session) {
                context.writeAndFlush(wrapOutboundOut($0), promise: nil)
            }
            if !isDrained { setNeedsFlush() }
        } catch {
            closesAfterFlush = true
        }
        if closesAfterFlush || session.isFinished || isDrained { context.close(promise: nil) }
    }

    func setNeedsFlush() {
        if needsFlush || isReading { return }
        needsFlush = true
        loop.needsFlush(self)
    }

    func add(output call: ServerCall) {
        if session == nil { return }
        outputs.append(call)
        setNeedsFlush()
    }

    private func armTimers() {
        guard !untimed.isEmpty else { return }
        for call in untimed where call.timer == nil && !call.isAnswered && call.stream != nil {
            call.timer = loop.arm(call, at: call.acceptance.deadline.instant)
        }
        untimed.removeAll(keepingCapacity: true)
    }

    private func stopTimer(of call: ServerCall) {
        guard let timer = call.timer else { return }
        call.timer = nil
        loop.cancel(timer)
    }

    // MARK: Calls

    func call(of stream: HTTP2Stream) -> ServerCall? {
        // Only this class sets the context.
        stream.context.map { unsafeDowncast($0, to: ServerCall.self) }
    }

    func begin(_ head: RequestHead, on stream: HTTP2Stream) {
        if running >= Int(profile.maximumConcurrentStreams) {
            session?.reset(stream, code: .refusedStream)
            return
        }
        switch handler.admit(head, from: peer) {
        case .accept(let acceptance):
            let call = ServerCall(
                head: head, acceptance: acceptance, stream: stream, connection: self)
            stream.context = call
            untimed.append(call)
            if acceptance.kind != .unary { openStream(of: call) }
        case .refuse(let reply):
            send(reply, on: stream)
            if stream.remoteEnded { return }
            let nothing = Acceptance(maximumBytes: 0, isFramed: false, deadline: .none)
            let call = ServerCall(
                head: head, acceptance: nothing, stream: stream, connection: self)
            call.isAnswered = true
            stream.context = call
            discard(call)
        }
    }

    /// The reply stands, and the rest of the request is not wanted. What is on its way is read and
    /// thrown away for a while, since a reset makes some clients forget the reply; then it is reset.
    private func discard(_ call: ServerCall) {
        call.phase = .discarding
        call.body = []
        call.port?.releaseCredit(to: session)
        guard let stream = call.stream, !stream.remoteEnded || call.isCutOff else { return }
        call.timer = loop.arm(call, at: loop.now + .seconds(1))
    }

    func countDiscarded(_ count: Int, of call: ServerCall) {
        call.discardedBytes += count
        if call.discardedBytes > Self.maximumDiscarded { endDiscarding(call) }
    }

    func endDiscarding(_ call: ServerCall) {
        guard let stream = call.stream else { return }
        if call.isCutOff, stream.unsent > 0 {
            session?.reset(stream, code: .cancel)
        } else {
            session?.resetAfterReply(stream)
        }
        setNeedsFlush()
    }

    func dispatch(_ call: ServerCall, _ body: UnsafeRawBufferPointer) {
        if call.phase == .receiving { call.phase = .handling }
        let request = InboundRequest(
            head: call.head, acceptance: call.acceptance, peer: peer, body: body,
            stream: call.port?.ends)
        switch handler.handle(request) {
        case .reply(let reply): answer(call, reply)
        case .run(let work): run(work, for: call)
        }
    }

    /// Has a handler run on this loop once the read is over. It holds a slot of the connection until
    /// it ends, whether or not the stream lives.
    private func run(_ work: @escaping HandlerWork, for call: ServerCall) {
        running += 1
        call.work = work
        loop.runners.add(call)
    }

    /// The caller had gone before the handler began: it does not begin.
    func skipped(_ call: ServerCall) { running -= 1 }

    /// The handler has ended: its slot is free, whatever became of the stream.
    func finished(_ call: ServerCall, _ reply: Reply) {
        running -= 1
        answer(call, reply)
        if call.phase == .streaming { discard(call) }
        setNeedsFlush()
    }

    private func answer(_ call: ServerCall, _ reply: Reply) {
        guard !call.isAnswered, let stream = call.stream else { return }
        call.isAnswered = true
        stopTimer(of: call)
        switch reply {
        case .message(let contentType, var framed):
            MessagePrefix.write(into: &framed)
            session?.submitMessage(framed, contentType: contentType.name, on: stream)
        case .raw(let raw): send(raw, on: stream)
        case .end(_, let error): endReplies(of: call, error, on: stream)
        }
    }

    func send(_ reply: RawReply, on stream: HTTP2Stream) {
        session?.submitResponse(
            status: reply.status, headers: reply.headers.arena, body: reply.body,
            trailers: reply.trailers.map { ($0.arena, $0.count) }, on: stream)
    }

    func refuse(_ call: ServerCall, _ error: RPCError) {
        answer(call, failure(of: call, error))
        call.port?.abandon(error)
        discard(call)
    }

    /// Ends a call whose handler runs: it is cancelled, and what it does now changes nothing.
    func cutOff(_ call: ServerCall, _ error: RPCError) {
        call.isCutOff = true
        refuse(call, error)
        call.runner?.cancel()
    }

    func deadlinePassed(_ call: ServerCall) {
        cutOff(
            call, RPCError(.deadlineExceeded, "the deadline has passed", reason: "EXPIRED"))
        setNeedsFlush()
    }
}

/// What the session tells.
extension ServerConnection: HTTP2SessionDelegate {
    func received(_ headers: HeaderBlock, on stream: HTTP2Stream, isLast: Bool) {
        let head = RequestHead(
            fields: Metadata(arena: headers.arena, count: headers.count), receivedAt: now,
            isOverMetadataLimit: headers.isOverSoftLimit)
        begin(head, on: stream)
    }

    func received(_ data: UnsafeRawBufferPointer, on stream: HTTP2Stream) {
        keepWholeBody()
        let call = call(of: stream)
        if let call, call.phase == .streaming { return streamed(data, of: call, on: stream) }
        session?.consume(data.count, on: stream)
        if let call { append(data, to: call) }
    }

    func sent(_ count: Int, on stream: HTTP2Stream) {
        call(of: stream)?.port?.outbox?.sent(count)
    }

    func receivedTrailers(_ trailers: HeaderBlock, on stream: HTTP2Stream) {}

    func receivedEnd(of stream: HTTP2Stream) {
        if let call = call(of: stream) { bodyEnded(of: call) }
    }

    func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
        abandon(stream)
        if drain != .serving { setNeedsFlush() }
    }

    func receivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debug: String) {}

    func receivedSettings() {
        if sawSettings { return }
        sawSettings = true
        loop.cancel(settingsTimer)
        settingsTimer = nil
    }

    func receivedPingAcknowledgement(_ payload: UInt64) {
        if drain == .noticed, payload == ServerConnection.drainPing { finishNotice() }
    }
}
