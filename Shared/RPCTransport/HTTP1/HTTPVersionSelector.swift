internal import NIOCore
internal import NIOHTTP1
internal import TLS

/// Finds out which HTTP a client speaks, puts an `HTTP1Bridge` in front of the connection where that is
/// HTTP/1.1, and goes. With TLS the client has said it by ALPN; without, its first bytes do.
final class HTTPVersionSelector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What the first bytes of a connection say.
    enum Verdict: Hashable {
        case http1, http2
        /// There are too few.
        case open
    }

    private let connection: any ChannelHandler
    private let limits: HTTP1Limits
    private let isTLS: Bool
    private let patience: Duration
    private let refused: (Int) -> Void
    private var seen = ByteBuffer()
    private var late: Scheduled<Void>?

    /// - Parameters:
    ///   - connection: the handler of HTTP/2.
    ///   - patience: without TLS, how long the first bytes may take.
    ///   - refused: told of requests of HTTP/1.1 that are answered with this status and not passed on.
    init(
        before connection: any ChannelHandler, _ limits: HTTP1Limits, isTLS: Bool,
        patience: Duration, refused: @escaping (Int) -> Void = { _ in }
    ) {
        self.connection = connection
        self.limits = limits
        self.isTLS = isTLS
        self.patience = patience
        self.refused = refused
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let handshake = event as? TLSHandshakeCompleted {
            if handshake.applicationProtocol == ApplicationProtocol.http11 { bridge(context) }
            context.fireUserInboundEventTriggered(event)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// Without TLS the connection opens when it is known how.
    func channelActive(context: ChannelHandlerContext) {
        if isTLS { return context.fireChannelActive() }
        let confined = LoopConfined(context)
        late = context.eventLoop.scheduleTask(in: TimeAmount(patience)) {
            confined.value.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isTLS { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        seen.writeBuffer(&bytes)
        switch Self.judge(seen.readableBytesView) {
        case .open: return
        case .http1: bridge(context)
        case .http2: break
        }
        late?.cancel()
        context.fireChannelActive()
        context.fireChannelRead(wrapInboundOut(seen))
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        late?.cancel()
        context.fireChannelInactive()
    }

    /// HTTP/1.1 is a method, a blank, and a path or a scheme. All else is for HTTP/2 to judge.
    static func judge(_ bytes: some Collection<UInt8>) -> Verdict {
        let method = bytes.prefix { (0x41...0x5A).contains($0) }
        let rest = bytes.dropFirst(method.count)
        if method.count > 16 || method.isEmpty { return bytes.isEmpty ? .open : .http2 }
        guard let blank = rest.first else { return .open }
        guard blank == UInt8(ascii: " ") else { return .http2 }
        guard let start = rest.dropFirst().first else { return .open }
        return start == UInt8(ascii: "/") || start == UInt8(ascii: "h") ? .http1 : .http2
    }

    private func bridge(_ context: ChannelHandlerContext) {
        var decoding = NIOHTTPDecoderLimitConfiguration()
        // The target counts like a field here; the bridge looks at each of them by itself.
        decoding.maxHeaderFieldSize = max(limits.headerBytes, limits.targetBytes) + 1
        decoding.maxHeaderListSize = limits.headerBytes + limits.targetBytes + 1
        decoding.maxHeaderFieldCount = limits.headerFields
        let bridge = HTTP1Bridge(limits, scheme: isTLS ? "https" : "http", refused: refused)
        do {
            try context.pipeline.syncOperations.addHandlers(
                [
                    HTTPResponseEncoder(), HTTP1ArrivalWatch(bridge),
                    ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: decoding)), bridge,
                ], position: .before(connection))
        } catch {
            context.close(promise: nil)
        }
    }
}
