internal import NIOCore
internal import NIOHTTP1

/// Answers GET and HEAD requests of one admin connection from a table of pages.
final class AdminHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let pages: AdminPages
    private var head: HTTPRequestHead?

    init(pages: AdminPages) {
        self.pages = pages
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body:
            // No page takes a body: nothing of it is kept.
            break
        case .end:
            guard let head else { return }
            self.head = nil
            respond(to: head, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Pages may take a while; the pipeline's HTTP handlers hold the next request back until then.
    private func respond(to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let (pages, channel) = (pages, context.channel)
        channel.eventLoop.makeFutureWithTask { await Self.response(to: request, pages) }
            .whenSuccess { Self.send($0, to: request, on: channel) }
    }

    private static func send(
        _ response: AdminResponse, to request: HTTPRequestHead, on channel: any Channel
    ) {
        let body = ByteBuffer(string: response.body)
        var head = HTTPResponseHead(
            version: request.version, status: HTTPResponseStatus(statusCode: response.status))
        head.headers.add(name: "content-type", value: response.contentType)
        head.headers.add(name: "content-length", value: String(body.readableBytes))
        head.headers.add(name: "cache-control", value: "no-store")
        if response.status == 405 { head.headers.add(name: "allow", value: "GET, HEAD") }
        if !request.isKeepAlive { head.headers.add(name: "connection", value: "close") }
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        if request.method != .HEAD {
            channel.write(HTTPServerResponsePart.body(.byteBuffer(body)), promise: nil)
        }
        let done = channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        if !request.isKeepAlive { done.whenComplete { _ in channel.close(promise: nil) } }
    }

    private static func response(
        to request: HTTPRequestHead, _ pages: AdminPages
    ) async -> AdminResponse {
        guard request.method == .GET || request.method == .HEAD else {
            return .text("the admin port is read-only\n", status: 405)
        }
        let path = String(request.uri.prefix { $0 != "?" })
        guard let page = pages.page(path) else {
            let known = pages.paths.joined(separator: "\n")
            return .text("not found; there are\n\(known)\n", status: 404)
        }
        let accept = request.headers["accept"].joined(separator: ",")
        let query = String(request.uri.dropFirst(path.count + 1))
        return await page(AdminRequest(path: path, query: query, accept: accept))
    }
}
