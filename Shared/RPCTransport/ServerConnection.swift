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
    private var isWritable = true
    private var now = Instant(nanoseconds: 0)

    /// Handlers that run, also those whose stream is gone already.
    private var running = 0
    /// Calls whose deadline timer is armed only if they outlive this read.
    private var untimed: [ServerCall] = []
    /// A body that came whole, where it lies in the read buffer.
    private var whole: (call: ServerCall, body: UnsafeRawBufferPointer)?
    var drain = DrainPhase.serving
    var settingsTimer: LoopContext.Timer?
    private var sawSettings = false

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
        loop.runners.connectionOpened()
        settingsTimer = loop.arm(
            SettingsTimeout(self), at: LoopContext.now + .seconds(5))
        flush()
    }

    private static func text(_ address: SocketAddress) -> String {
        "\(address.ipAddress ?? "unix"):\(address.port ?? 0)"
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let session else { return }
        let buffer = unwrapInboundIn(data)
        now = LoopContext.now
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
        for stream in ended.openStreamList { abandon(stream) }
        loop.runners.connectionEnded()
        withExtendedLifetime(ended) {}
    }

    private func abandon(_ stream: HTTP2Stream) {
        guard let call = call(of: stream) else { return }
        stream.context = nil
        call.stream = nil
        stopTimer(of: call)
        call.runner?.cancel()
    }

    // MARK: Output

    /// Sends what the session has ready: one buffer, one write.
    func flush() {
        needsFlush = false
        guard !isReading, let session, let context, isWritable else { return }
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
        guard let stream = call.stream, !stream.remoteEnded else { return }
        call.timer = loop.arm(call, at: LoopContext.now + .seconds(1))
    }

    private func countDiscarded(_ count: Int, of call: ServerCall) {
        call.discardedBytes += count
        if call.discardedBytes > Self.maximumDiscarded { endDiscarding(call) }
    }

    func endDiscarding(_ call: ServerCall) {
        guard let stream = call.stream else { return }
        session?.resetAfterReply(stream)
        setNeedsFlush()
    }

    func append(_ data: UnsafeRawBufferPointer, to call: ServerCall) {
        guard call.phase == .receiving else { return countDiscarded(data.count, of: call) }
        let limit = call.acceptance.maximumBytes
        if call.acceptance.isFramed {
            if call.body.isEmpty, isWhole(data, limit: limit) {
                whole = (call, data)
                return
            }
            if call.body.isEmpty { reserveBody(of: call, data, limit: limit) }
            call.body.append(contentsOf: data)
            let fault = call.body.withUnsafeBytes {
                MessageDeframer.faultAtBeginning(of: $0, limit: limit)
            }
            if let fault { refuse(call, fault.error(limit: limit)) }
        } else if call.body.count + data.count > limit {
            refuse(call, FramingFault.tooLarge(call.body.count + data.count).error(limit: limit))
        } else {
            call.body.append(contentsOf: data)
        }
    }

    /// Whether the bytes are one message with its prefix: then they are read where they lie.
    private func isWhole(_ data: UnsafeRawBufferPointer, limit: Int) -> Bool {
        guard let prefix = MessagePrefix.read(data) else { return false }
        return prefix.flag == 0 && prefix.length <= limit
            && data.count == MessagePrefix.count + prefix.length
    }

    /// Makes room for a message once, if its prefix is there; no more than a frame's worth, so that a
    /// length alone reserves little.
    private func reserveBody(of call: ServerCall, _ data: UnsafeRawBufferPointer, limit: Int) {
        guard let prefix = MessagePrefix.read(data), prefix.length <= limit else { return }
        call.body.reserveCapacity(min(prefix.length + MessagePrefix.count, 16 << 10))
    }

    /// The read buffer goes: a body that was left in it moves to its call.
    private func keepWholeBody() {
        guard let (call, body) = whole else { return }
        whole = nil
        call.body.append(contentsOf: body)
    }

    func bodyEnded(of call: ServerCall) {
        guard call.phase == .receiving else { return }
        if let (wholeCall, body) = whole, wholeCall === call {
            whole = nil
            dispatch(call, body)
        } else {
            let body = call.body
            call.body = []
            body.withUnsafeBytes { dispatch(call, $0) }
        }
    }

    private func dispatch(_ call: ServerCall, _ body: UnsafeRawBufferPointer) {
        call.phase = .handling
        let request = InboundRequest(
            head: call.head, acceptance: call.acceptance, peer: peer, body: body)
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
        case .end(let contentType, let error):
            let error = error ?? RPCError(.internal, "a unary call ended like a stream")
            send(RawReply(error, contentType: contentType), on: stream)
        }
    }

    private func send(_ reply: RawReply, on stream: HTTP2Stream) {
        session?.submitResponse(
            status: reply.status, headers: reply.headers.arena, body: reply.body,
            trailers: reply.trailers.map { ($0.arena, $0.count) }, on: stream)
    }

    func refuse(_ call: ServerCall, _ error: RPCError) {
        answer(call, .raw(handler.reply(to: call.head, for: error)))
        discard(call)
    }

    func deadlinePassed(_ call: ServerCall) {
        let error = RPCError(.deadlineExceeded, "the deadline has passed", reason: "EXPIRED")
        refuse(call, error)
        call.runner?.cancel()
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
        session?.consume(data.count, on: stream)
        if let call = call(of: stream) { append(data, to: call) }
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
