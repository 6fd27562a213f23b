internal import Glibc
internal import NIOCore
internal import RPC

/// Stands in a listener's channel, and lets it accept only while the server has room.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let admission: ConnectionAdmission
    private let observer: (any ConnectionObserver)?
    private let isTLS: Bool
    private var isWaiting = false

    init(_ admission: ConnectionAdmission, isTLS: Bool, observer: (any ConnectionObserver)?) {
        self.admission = admission
        self.isTLS = isTLS
        self.observer = observer
    }

    func read(context: ChannelHandlerContext) {
        if isWaiting { return }
        let confined = LoopConfined((gate: self, context: context))
        let eventLoop = context.eventLoop
        let mayAccept = admission.mayAccept {
            eventLoop.execute {
                confined.value.gate.isWaiting = false
                confined.value.gate.read(context: confined.value.context)
            }
        }
        if mayAccept { context.read() } else { isWaiting = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = unwrapInboundIn(data)
        let address = channel.remoteAddress?.ipAddress ?? "unix"
        let id = ObjectIdentifier(channel)
        guard admission.opened(id, from: address, isTLS: isTLS) else {
            observer?.misbehaved(
                "connections_per_address", action: .closed, peer: Peer(address: address))
            return channel.close(promise: nil)
        }
        channel.closeFuture.whenComplete { [admission] _ in admission.closed(id) }
        context.fireChannelRead(data)
    }

    /// When the kernel has nothing to accept a connection with (accept(2)), the connection goes on
    /// waiting, and SwiftNIO would ask for it again at once and for ever: the loop would do nothing
    /// else. So reading is off until something of the process's has ended.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let code = (error as? IOError)?.errnoCode,
            [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code)
        else { return context.fireErrorCaught(error) }
        let address = context.channel.localAddress?.ipAddress ?? "unix"
        observer?.misbehaved("out_of_descriptors", action: .counted, peer: Peer(address: address))
        let channel = LoopConfined(context.channel)
        let eventLoop = context.eventLoop
        try? channel.value.syncOptions?.setOption(.autoRead, value: false)
        admission.afterChange {
            eventLoop.execute {
                // Fails if the listener has been closed meanwhile.
                try? channel.value.syncOptions?.setOption(.autoRead, value: true)
            }
        }
    }
}
