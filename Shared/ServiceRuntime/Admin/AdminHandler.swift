internal import NIOCore
internal import NIOHTTP1

/// Answers GET and HEAD requests of one admin connection from a table of pages.
final class AdminHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let pages: [String: AdminServer.Route]
    private var head: HTTPRequestHead?

    init(pages: [String: AdminServer.Route]) {
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

    private func respond(to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let response = response(to: request)
        let body = ByteBuffer(string: response.body)
        var head = HTTPResponseHead(
            version: request.version, status: HTTPResponseStatus(statusCode: response.status))
        head.headers.add(name: "content-type", value: response.contentType)
        head.headers.add(name: "content-length", value: String(body.readableBytes))
        head.headers.add(name: "cache-control", value: "no-store")
        if response.status == 405 { head.headers.add(name: "allow", value: "GET, HEAD") }
        if !request.isKeepAlive { head.headers.add(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let channel = context.channel
        let done = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !request.isKeepAlive { done.whenComplete { _ in channel.close(promise: nil) } }
    }

    private func response(to request: HTTPRequestHead) -> AdminResponse {
        guard request.method == .GET || request.method == .HEAD else {
            return .text("the admin port is read-only\n", status: 405)
        }
        let path = request.uri.prefix { $0 != "?" }
        guard let page = pages[String(path)] else {
            let known = pages.keys.sorted().joined(separator: "\n")
            return .text("not found; there are\n\(known)\n", status: 404)
        }
        return page()
    }
}
