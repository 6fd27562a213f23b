internal import HTTP2
internal import NIOCore
internal import RPC
internal import TLS

/// A connection on the client's side: the one handler of its channel above TLS.
final class ClientConnection: ChannelInboundHandler, LoopContext.Flushable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Calls that may wait behind the peer's stream limit.
    private static let maximumWaiting = 1_000

    private let profile: HTTP2Profile
    private let isTLS: Bool
    private let authority: String
    /// Told once: ready, or why not.
    private var onReady: ((ClientConnection, (any Error)?) -> Void)?
    /// Told once: no further calls here.
    private var onUnusable: ((ClientConnection) -> Void)?
    private var context: ChannelHandlerContext?
    private(set) var session: HTTP2Session?
    private let loop: LoopContext
    private var isReading = false
    private var needsFlush = false
    private(set) var isWritable = true
    private var closesAfterFlush = false
    private var failure: (any Error)?
    private var goAway: (lastStreamID: Int32, reason: String)?
    /// What the streams of this connection have unsent together.
    let budget = OutputBudget()
    /// Calls whose callers have written something.
    private var outputs: [StreamingCall] = []
    private var stalls: StallWatch?

    init(
        profile: HTTP2Profile, isTLS: Bool, authority: String, loop: LoopContext,
        onReady: @escaping (ClientConnection, (any Error)?) -> Void,
        onUnusable: @escaping (ClientConnection) -> Void
    ) {
        self.profile = profile
        self.isTLS = isTLS
        self.authority = authority
        self.loop = loop
        self.onReady = onReady
        self.onUnusable = onUnusable
    }

    /// Calls in flight.
    var openStreams: Int { session?.openStreams ?? 0 }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive && !isTLS { open() }
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isTLS { open() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let handshake = event as? TLSHandshakeCompleted {
            if handshake.applicationProtocol == "h2" {
                open()
            } else {
                failure = RPCError(.unavailable, "the server did not choose h2 by ALPN")
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func open() {
        guard session == nil, context != nil else { return }
        session = HTTP2Session(
            role: .client, profile: profile, delegate: self, workspace: loop.workspace)
        stalls = StallWatch(self, timeout: profile.stallTimeout, loop: loop)
        flush()
        onReady?(self, nil)
        onReady = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let session else { return }
        let buffer = unwrapInboundIn(data)
        isReading = true
        buffer.withUnsafeReadableBytes { bytes in
            do throws(HTTP2Error) {
                try session.receive(bytes, now: loop.now.nanoseconds)
            } catch {
                failure = error
                closesAfterFlush = true
            }
        }
        isReading = false
        needsFlush = true
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if needsFlush { flush() }
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
        if failure == nil { failure = error }
        context.close(promise: nil)
    }

    /// The connection is gone: calls in flight fail, in this tick.
    private func end() {
        onReady?(self, failure ?? RPCError(.unavailable, "the connection was closed"))
        onReady = nil
        unusable()
        guard let ended = session else { return }
        session = nil
        stalls?.stop()
        let reason = failure.map { ": \($0)" } ?? goAway.map { " after GOAWAY: \($0.reason)" } ?? ""
        for stream in ended.openStreamList {
            guard let call = call(of: stream) else { continue }
            stream.context = nil
            call.leaveConnection(nil)
            let isUnprocessed = goAway.map { stream.id > $0.lastStreamID } ?? false
            call.fail(
                .unavailable, "the connection to \(authority) was lost\(reason)",
                wasProcessed: !isUnprocessed)
        }
        withExtendedLifetime(ended) {}
    }

    private func unusable() {
        onUnusable?(self)
        onUnusable = nil
    }

    // MARK: Output

    func flush() {
        needsFlush = false
        stalls?.look()
        guard !isReading, let session, let context, isWritable else { return }
        if !outputs.isEmpty {
            for call in outputs where call.connection === self { call.takeOutput() }
            outputs.removeAll(keepingCapacity: true)
        }
        do throws(HTTP2Error) {
            let isDrained = try loop.gather(from: session) {
                context.writeAndFlush(wrapOutboundOut($0), promise: nil)
            }
            if !isDrained { setNeedsFlush() }
        } catch {
            failure = error
            closesAfterFlush = true
        }
        let isDrained = goAway != nil && session.openStreams == 0
        if closesAfterFlush || session.isFinished || isDrained { context.close(promise: nil) }
    }

    func setNeedsFlush() {
        if needsFlush || isReading { return }
        needsFlush = true
        loop.needsFlush(self)
    }

    func add(output call: StreamingCall) {
        outputs.append(call)
        setNeedsFlush()
    }

    /// Ends the connection once its calls are over.
    func closeWhenIdle() {
        unusable()
        if openStreams == 0 { context?.close(promise: nil) } else { goAway = (.max, "closing") }
    }

    // MARK: Calls

    func send(_ call: ClientCall, now: Instant) {
        guard let session else {
            return call.fail(.unavailable, "the connection is closed", wasProcessed: false)
        }
        if session.openStreams >= session.peerStreamLimit + Self.maximumWaiting {
            return call.fail(
                RPCError(
                    .resourceExhausted, "too many calls to \(authority) are waiting",
                    reason: "CLIENT_QUEUE_FULL"), wasProcessed: false)
        }
        let headers = RequestHeaders.arena(
            for: call, authority: authority, scheme: isTLS ? "https" : "http", now: now)
        guard let stream = call.submit(headers, to: session) else {
            unusable()
            return call.fail(.unavailable, "the connection is used up", wasProcessed: false)
        }
        stream.context = call
        call.stream = stream
        call.connection = self
        call.opened(on: self)
        setNeedsFlush()
    }

    func cancel(_ stream: HTTP2Stream) { reset(stream, code: .cancel) }

    func reset(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
        session?.reset(stream, code: code)
        setNeedsFlush()
    }

    private func call(of stream: HTTP2Stream) -> ClientCall? {
        // Only this class sets the context.
        stream.context.map { unsafeDowncast($0, to: ClientCall.self) }
    }
}

/// What the session tells.
extension ClientConnection: HTTP2SessionDelegate {
    func received(_ headers: HeaderBlock, on stream: HTTP2Stream, isLast: Bool) {
        guard let call = call(of: stream) else { return }
        let fields = Metadata(arena: headers.arena, count: headers.count)
        if headers.isOverSoftLimit {
            return call.abandon(
                RPCError(
                    .resourceExhausted, "the reply's metadata is too large",
                    reason: "METADATA_TOO_LARGE"))
        }
        call.received(fields)
    }

    func received(_ data: UnsafeRawBufferPointer, on stream: HTTP2Stream) {
        guard let session else { return }
        if let call = call(of: stream) {
            call.received(data, in: session, on: stream)
        } else {
            session.consume(data.count, on: stream)
        }
    }

    func sent(_ count: Int, on stream: HTTP2Stream) { call(of: stream)?.sent(count) }

    func receivedTrailers(_ trailers: HeaderBlock, on stream: HTTP2Stream) {
        call(of: stream)?.received(
            trailers: Metadata(arena: trailers.arena, count: trailers.count))
    }

    func receivedEnd(of stream: HTTP2Stream) { call(of: stream)?.receivedEnd() }

    func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
        if goAway != nil { setNeedsFlush() }
        guard let call = call(of: stream) else { return }
        stream.context = nil
        call.leaveConnection(session)
        if call.isEnded { return }
        let isAboveGoAway = goAway.map { stream.id > $0.lastStreamID } ?? false
        if code == .refusedStream || isAboveGoAway {
            call.fail(.unavailable, "\(authority) refused the stream", wasProcessed: false)
        } else {
            call.fail(
                StatusCode(resetWith: code), "\(authority) reset the stream with \(code)")
        }
    }

    func receivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debug: String) {
        goAway = (lastStreamID, debug.isEmpty ? "\(code)" : "\(code) \"\(debug)\"")
        unusable()
    }

    func receivedSettings() {}

    func receivedPingAcknowledgement(_ payload: UInt64) {}
}

extension ClientConnection: StallWatch.Connection {
    func stalled(_ stream: HTTP2Stream) {
        call(of: stream)?.abandon(
            RPCError(
                .unavailable, "\(authority) has read nothing for \(profile.stallTimeout)",
                reason: "STALLED"))
    }

    func socketStalled() {
        failure = RPCError(
            .unavailable, "\(authority) has taken nothing for \(profile.stallTimeout)")
        context?.close(promise: nil)
    }
}

extension StatusCode {
    /// What a client makes of RST_STREAM (grpc/doc/PROTOCOL-HTTP2.md, "Errors").
    init(resetWith code: HTTP2ErrorCode) {
        switch code {
        case .cancel: self = .cancelled
        case .refusedStream: self = .unavailable
        case .enhanceYourCalm: self = .resourceExhausted
        case .inadequateSecurity: self = .permissionDenied
        default: self = .internal
        }
    }
}

/// Reads `:status`, which the library has checked to be there.
enum ResponseStatus {
    static func read(_ fields: Metadata) -> Int {
        fields[":status"].flatMap { Int($0) } ?? 0
    }
}
