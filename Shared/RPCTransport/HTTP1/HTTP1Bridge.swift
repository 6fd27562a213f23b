internal import HTTP2
internal import NIOCore
internal import NIOHTTP1
internal import RPC

/// HTTP/1.1 in front of a connection that speaks HTTP/2: each request becomes a stream, its reply comes
/// back as HTTP/1.1. So limits, deadlines, drains and logs are the connection's own, on both.
///
/// One request at a time; those that a client sends ahead wait. The other end of the stream is in the
/// same channel: bytes of HTTP/2 go up from here, and come down again.
final class HTTP1Bridge: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: HTTP1Limits
    private let scheme: String
    private let refused: (Int) -> Void
    private var context: ChannelHandlerContext?
    private var session: HTTP2Session?
    private var exchange: HTTP1Exchange?
    /// Parts of requests behind the one under way.
    private var waiting = CircularBuffer<HTTPServerRequestPart>()
    private var lastWrite: EventLoopFuture<Void>?
    private var isPumping = false
    private var isPumpScheduled = false
    private var isReadHeld = false
    /// No further request is taken.
    private var isEnding = false
    private var idle: Scheduled<Void>?
    /// Runs while the fields of a request are incomplete.
    private var lateHead: Scheduled<Void>?
    /// Bytes that have come and were no part of a request yet, and whether a line ended among the first
    /// of them, as it does unless it is the target that is too long.
    private var openBytes = 0
    private var hasOpenLine = false

    /// Parts of requests that may wait; with more the socket is not read.
    private static let maximumWaiting = 8
    /// The rest of a request that has its reply already is thrown away for so long.
    private static let patience = TimeAmount.seconds(1)

    init(_ limits: HTTP1Limits, scheme: String, refused: @escaping (Int) -> Void) {
        self.limits = limits
        self.refused = refused
        self.scheme = scheme
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        session = HTTP2Session(role: .client, profile: .client, delegate: self)
        armIdle()
        schedulePump()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    private func end() {
        idle?.cancel()
        lateHead?.cancel()
        isEnding = true
        exchange = nil
        session = nil
        waiting.removeAll()
    }

    private func armIdle() {
        closeLater(in: TimeAmount(limits.idleTimeout))
    }

    private func closeLater(in delay: TimeAmount) {
        idle?.cancel()
        let confined = LoopConfined(self)
        idle = context?.eventLoop.scheduleTask(in: delay) {
            confined.value.context?.close(promise: nil)
        }
    }

    /// Bytes are about to be read as parts of requests.
    func arrived(_ bytes: ByteBufferView) {
        let room = limits.targetBytes - openBytes
        if !hasOpenLine, room > 0 { hasOpenLine = bytes.prefix(room).contains(0x0A) }
        openBytes += bytes.count
    }

    /// Who begins with a request's fields has to come to their end.
    private func watchHead() {
        guard openBytes > 0, exchange == nil, !isEnding, lateHead == nil else { return }
        let confined = LoopConfined(self)
        lateHead = context?.eventLoop.scheduleTask(in: TimeAmount(limits.headerTimeout)) {
            confined.value.headIsLate()
        }
    }

    private func headIsLate() {
        guard exchange == nil, !isEnding else { return }
        refuse(.init(408, "the request's fields do not come to an end"), of: Self.unread)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let fault = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        guard let current = exchange else {
            return isEnding
                ? context.close(promise: nil)
                : refuse(.init(fault, limits, inTarget: !hasOpenLine), of: Self.unread)
        }
        // What is no request behind one that is being answered ends the connection, and not its reply.
        exchange?.keepsAlive = false
        if current.isRequestComplete { return }
        guard let stream = current.stream, !current.isHeadWritten else {
            return context.close(promise: nil)
        }
        exchange?.stream = nil
        session?.reset(stream, code: .cancel)
        schedulePump()
        answer(.init(400, "the request's body is no HTTP/1.1"))
    }

    /// Stands for a request whose fields were not read.
    private static let unread = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        (openBytes, hasOpenLine) = (0, false)
        if isBehind { waiting.append(part) } else { take(part) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        watchHead()
        pump()
    }

    /// The request under way has come to its end, and its reply has not.
    private var isBehind: Bool { exchange?.isRequestComplete == true || !waiting.isEmpty }

    private func take(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head): begin(head)
        case .body(let bytes):
            guard let stream = exchange?.stream else { return }
            session?.append(Array(bytes.readableBytesView), to: stream)
        case .end: requestEnded()
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        if isEnding { return }
        idle?.cancel()
        lateHead?.cancel()
        lateHead = nil
        do throws(HTTP1RequestFields.Refusal) {
            let fields = try HTTP1RequestFields.arena(of: head, limits, scheme: scheme)
            exchange = HTTP1Exchange(
                version: head.version,
                // What follows a wish for another protocol is not read as HTTP/1.1.
                keepsAlive: head.isKeepAlive && !head.headers.contains(name: "upgrade"),
                isHead: head.method == .HEAD,
                stream: session?.submitRequest(headers: fields, body: [], isStreaming: true))
            if exchange?.stream == nil { refuse(Self.unavailable, of: head) }
        } catch {
            refuse(error, of: head)
        }
    }

    private func requestEnded() {
        guard var current = exchange else {
            // What was refused at once has been heard out.
            if isEnding { closeBehindWrites() }
            return
        }
        current.isRequestComplete = true
        exchange = current
        if let stream = current.stream { session?.finish(stream) }
    }

    /// Takes up the next request if one waits.
    private func proceed() {
        while !waiting.isEmpty, exchange?.isRequestComplete != true, !isEnding {
            take(waiting.removeFirst())
        }
        schedulePump()
    }

    func read(context: ChannelHandlerContext) {
        if holdsReads { isReadHeld = true } else { context.read() }
    }

    private var holdsReads: Bool {
        waiting.count > Self.maximumWaiting || (session?.unsentBytes ?? 0) > limits.unsentBytes
    }

    // MARK: To and from the connection

    /// Hands the connection what the session has for it.
    private func pump() {
        guard let context, let session, !isPumping else { return }
        isPumping = true
        var buffer: ByteBuffer?
        do {
            _ = try session.drain { bytes in
                buffer = context.channel.allocator.buffer(bytes: bytes)
            }
        } catch {
            context.close(promise: nil)
        }
        if let buffer { context.fireChannelRead(wrapInboundOut(buffer)) }
        context.fireChannelReadComplete()
        isPumping = false
        if isReadHeld, !holdsReads {
            isReadHeld = false
            context.read()
        }
    }

    /// Not at once: the connection may be in the middle of sending.
    private func schedulePump() {
        if isPumpScheduled { return }
        isPumpScheduled = true
        let confined = LoopConfined(self)
        context?.eventLoop.execute {
            confined.value.isPumpScheduled = false
            confined.value.pump()
        }
    }

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        let bytes = unwrapOutboundIn(data)
        if bytes.readableBytes > 0, let session {
            do {
                try bytes.withUnsafeReadableBytes {
                    try session.receive($0, now: context.eventLoop.now.uptimeNanoseconds)
                }
                if session.wantsToWrite { schedulePump() }
            } catch {
                context.close(promise: nil)
            }
        }
        // An empty write asks when all before it has gone.
        guard let promise else { return }
        if let lastWrite { lastWrite.cascade(to: promise) } else { promise.succeed() }
    }

    // MARK: Replies

    private func write(_ part: HTTPServerResponsePart) {
        context?.write(wrapOutboundOut(part), promise: nil)
    }

    private func writeHead(length: Int?) {
        guard var current = exchange, var head = current.head, !current.isHeadWritten else {
            return
        }
        if let length { head.headers.replaceOrAdd(name: "content-length", value: "\(length)") }
        // Without a length HTTP/1.0 has only the end of the connection for the end of a body.
        let isDelimited = length != nil || current.version.minor > 0
        current.keepsAlive =
            current.keepsAlive && !isEnding && current.isRequestComplete && isDelimited
        if !current.keepsAlive {
            head.headers.replaceOrAdd(name: "connection", value: "close")
        } else if current.version.minor == 0 {
            head.headers.replaceOrAdd(name: "connection", value: "keep-alive")
        }
        current.isHeadWritten = true
        exchange = current
        write(.head(head))
    }

    private func writeBody() {
        guard let current = exchange, current.body.readableBytes > 0 else { return }
        exchange?.body.clear()
        if !current.isHead { write(.body(.byteBuffer(current.body))) }
    }

    private func finish() {
        guard let context, let current = exchange, current.head != nil else { return }
        writeHead(length: current.body.readableBytes)
        writeBody()
        let keepsAlive = exchange?.keepsAlive == true
        exchange = nil
        let done = context.eventLoop.makePromise(of: Void.self)
        lastWrite = done.futureResult
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: done)
        if keepsAlive {
            armIdle()
            return proceed()
        }
        isEnding = true
        if current.isRequestComplete { closeBehindWrites() } else { closeLater(in: Self.patience) }
    }

    private func closeBehindWrites() {
        let confined = LoopConfined(self)
        lastWrite?.whenComplete { _ in confined.value.context?.close(promise: nil) }
    }

    private static let unavailable = HTTP1RequestFields.Refusal(503, "the connection ends")

    /// Answers what is not passed on; with it ends the connection.
    private func refuse(_ refusal: HTTP1RequestFields.Refusal, of head: HTTPRequestHead) {
        exchange = HTTP1Exchange(
            version: head.version.major == 1 ? head.version : .http1_1, keepsAlive: false,
            isHead: head.method == .HEAD)
        answer(refusal)
    }

    private func answer(_ refusal: HTTP1RequestFields.Refusal) {
        refused(refusal.status)
        let reply = refusal.reply
        set(status: reply.status, reply.headers)
        exchange?.body = ByteBuffer(bytes: reply.body)
        exchange?.keepsAlive = false
        finish()
    }

    private func set(status: Int, _ fields: Metadata) {
        guard let version = exchange?.version else { return }
        var head = HTTPResponseHead(version: version, status: .init(statusCode: status))
        for field in fields where !field.name.hasPrefix(":") {
            head.headers.add(name: String(field.name), value: String(field.value))
        }
        exchange?.head = head
    }
}

/// What the session tells of the streams.
extension HTTP1Bridge: HTTP2SessionDelegate {
    private func isCurrent(_ stream: HTTP2Stream) -> Bool { exchange?.stream === stream }

    func received(_ headers: HeaderBlock, on stream: HTTP2Stream, isLast: Bool) {
        guard isCurrent(stream) else { return }
        let fields = Metadata(arena: headers.arena, count: headers.count)
        set(status: ResponseStatus.read(fields), fields)
    }

    /// The request is admitted: its client may send the body.
    func receivedInformational(on stream: HTTP2Stream) {
        guard isCurrent(stream), let current = exchange, current.version.minor > 0,
            !current.isRequestComplete, !current.isHeadWritten
        else { return }
        write(.head(HTTPResponseHead(version: current.version, status: .continue)))
        context?.flush()
    }

    func received(_ data: UnsafeRawBufferPointer, on stream: HTTP2Stream) {
        session?.consume(data.count, on: stream)
        guard isCurrent(stream) else { return }
        exchange?.body.writeBytes(data)
        guard let current = exchange, current.body.readableBytes > limits.wholeReplyBytes else {
            return
        }
        writeHead(length: nil)
        writeBody()
    }

    func sent(_ count: Int, on stream: HTTP2Stream) {}

    /// The JSON face has its trailers among the fields of the reply.
    func receivedTrailers(_ trailers: HeaderBlock, on stream: HTTP2Stream) {}

    func receivedEnd(of stream: HTTP2Stream) {
        if isCurrent(stream) { finish() }
    }

    func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
        guard isCurrent(stream), let current = exchange else { return }
        exchange?.stream = nil
        // Half a reply has no other end than the connection's.
        if current.isHeadWritten {
            context?.close(promise: nil)
            return
        }
        let refusal =
            code == .refusedStream
            ? HTTP1RequestFields.Refusal(503, "the server has too many requests")
            : .init(400, "the request is not one that HTTP/2 allows: \(code)")
        answer(refusal)
    }

    func receivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debug: String) {
        exchange?.keepsAlive = false
    }

    func receivedSettings() {}
    func receivedPingAcknowledgement(_ payload: UInt64) {}
}
