internal import NIOCore

/// Tells an `HTTP1Bridge` of bytes before they are read as parts of requests, so that it knows of fields
/// that have begun.
final class HTTP1ArrivalWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let bridge: HTTP1Bridge

    init(_ bridge: HTTP1Bridge) { self.bridge = bridge }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bridge.arrived(unwrapInboundIn(data).readableBytesView)
        context.fireChannelRead(data)
    }
}
