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
}
