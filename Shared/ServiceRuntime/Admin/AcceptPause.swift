internal import Glibc
internal import NIOCore

/// Stands in the listener's channel, and stops accepting for a moment when the kernel has nothing to
/// accept a connection with (accept(2)). The connection goes on waiting, and SwiftNIO would ask for it
/// again at once and for ever.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let length = TimeAmount.milliseconds(250)

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let code = (error as? IOError)?.errnoCode,
            [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code)
        else { return context.fireErrorCaught(error) }
        let channel = context.channel
        channel.setOption(.autoRead, value: false).whenSuccess {
            channel.eventLoop.scheduleTask(in: Self.length) {
                channel.setOption(.autoRead, value: true)
            }
        }
    }
}
