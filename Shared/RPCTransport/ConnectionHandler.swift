internal import NIOCore
internal import TLS

/// A connection on a socket: the one handler of its channel above TLS.
final class ConnectionHandler<Machine: ConnectionMachine>: ChannelInboundHandler, ConnectionLink {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let machine: Machine
    private let isTLS: Bool
    private var context: ChannelHandlerContext?
    private var isClosing = false
    private var late: Scheduled<Void>?

    private static var lingering: TimeAmount { .seconds(1) }

    init(_ machine: Machine, isTLS: Bool) {
        self.machine = machine
        self.isTLS = isTLS
    }

    // MARK: What happens

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        machine.attach(self)
        if context.channel.isActive && !isTLS { open(context, nil) }
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isTLS { open(context, nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let handshake = event as? TLSHandshakeCompleted { open(context, handshake) }
        context.fireUserInboundEventTriggered(event)
    }

    private func open(_ context: ChannelHandlerContext, _ handshake: TLSHandshakeCompleted?) {
        let address = context.remoteAddress.map { "\($0.ipAddress ?? "unix"):\($0.port ?? 0)" }
        machine.opened(
            from: ConnectionOrigin(address: address ?? "unknown", handshake: handshake))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isClosing { return }
        unwrapInboundIn(data).withUnsafeReadableBytes { machine.received($0) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { machine.readCompleted() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        machine.becameWritable(context.channel.isWritable)
    }

    func channelInactive(context: ChannelHandlerContext) {
        late?.cancel()
        machine.ended()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        machine.ended()
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        machine.failed(error)
        context.close(promise: nil)
    }

    // MARK: What the machine wants

    func send(_ bytes: UnsafeRawBufferPointer) {
        guard let context, !isClosing else { return }
        machine.loop.buffered(bytes) { context.writeAndFlush(wrapOutboundOut($0), promise: nil) }
    }

    func close() {
        guard let context, !isClosing else { return }
        isClosing = true
        guard context.channel.isActive else { return context.close(promise: nil) }
        // Closing fails the writes that the socket has not taken: an empty one comes behind them.
        let confined = LoopConfined(self)
        late = context.eventLoop.scheduleTask(in: Self.lingering) { confined.value.abort() }
        let gone = context.eventLoop.makePromise(of: Void.self)
        gone.futureResult.whenComplete { result in
            if case .success = result, confined.value.machine.lingers {
                confined.value.closeOutput()
            } else {
                confined.value.abort()
            }
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: gone)
    }

    /// The peer may still be sending: closing with its bytes unread would reset the connection, and
    /// take from the peer what it has not read. So its bytes are thrown away until it closes too.
    private func closeOutput() {
        let done = context?.eventLoop.makePromise(of: Void.self)
        let confined = LoopConfined(self)
        done?.futureResult.whenFailure { _ in confined.value.abort() }
        context?.close(mode: .output, promise: done)
    }

    func abort() {
        late?.cancel()
        isClosing = true
        context?.close(promise: nil)
    }
}
