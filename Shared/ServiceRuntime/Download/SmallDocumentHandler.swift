internal import NIOCore
internal import NIOHTTP1
internal import TLS

/// Asks for one document on one connection, and keeps what comes of it.
final class SmallDocumentHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let address: SecureAddress
    private let maximumBytes: Int
    private let promise: EventLoopPromise<SmallDocument>
    private var document = SmallDocument(body: [])
    private var isAsked = false

    init(
        _ address: SecureAddress, maximumBytes: Int, _ promise: EventLoopPromise<SmallDocument>
    ) {
        self.address = address
        self.maximumBytes = maximumBytes
        self.promise = promise
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is TLSHandshakeCompleted, !isAsked {
            isAsked = true
            ask(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func ask(_ context: ChannelHandlerContext) {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target)
        head.headers.add(name: "host", value: address.authority)
        head.headers.add(name: "accept", value: "application/jwk-set+json, application/json")
        head.headers.add(name: "connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): if let failure = refusal(of: head) { fail(context, failure) }
        case .body(let bytes):
            guard document.body.count + bytes.readableBytes <= maximumBytes else {
                return fail(context, .tooLarge(maximumBytes))
            }
            document.body += bytes.readableBytesView
        case .end: promise.succeed(document)
        }
    }

    private func refusal(of head: HTTPResponseHead) -> SmallDocument.Failure? {
        let status = Int(head.status.code)
        if (300..<400).contains(status) { return .redirected(status) }
        guard status == 200 else { return .status(status) }
        for encoding in head.headers["content-encoding"] where encoding != "identity" {
            return .encoding(encoding)
        }
        if let length = head.headers.first(name: "content-length").flatMap(Int.init),
            length > maximumBytes
        {
            return .tooLarge(maximumBytes)
        }
        let control = head.headers["cache-control"]
        document.cacheControl = control.isEmpty ? nil : control.joined(separator: ",")
        return nil
    }

    private func fail(_ context: ChannelHandlerContext, _ failure: SmallDocument.Failure) {
        promise.fail(failure)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(SmallDocument.Failure.connection("\(error)"))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(SmallDocument.Failure.endedEarly)
    }
}
