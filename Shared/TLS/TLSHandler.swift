public import NIOCore

/// Fired through the pipeline once a connection's handshake is complete.
public struct TLSHandshakeCompleted: Sendable, Hashable {
    /// Nil if the peer showed no certificate.
    public let peer: PeerIdentity?
    public let applicationProtocol: String?
    /// "TLSv1.3".
    public let version: String
}

/// Told how handshakes end: for logs and metrics. On the connection's event loop, so it must be quick.
public protocol TLSHandshakeObserver: Sendable {
    func handshakeEnded(_ result: Result<TLSHandshakeCompleted, TLSError>)
}

/// TLS between a socket and the handlers above it.
///
/// Starts the handshake when the channel is active; what is written before its end waits. All
/// plaintext of one read travels up in one buffer, all ciphertext of one flush goes down in one
/// write. A failure is sent to the peer as an alert, fired as a `TLSError`, and ends the channel.
public final class TLSHandler: ChannelDuplexHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer
    public typealias OutboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    enum State {
        case idle
        case handshaking
        case established
        /// `close_notify` is sent; nothing may be written any more.
        case closing
        case closed
    }

    let engine: TLSEngine
    private let handshakeTimeout: TimeAmount
    private let observer: (any TLSHandshakeObserver)?
    private var timeout: Scheduled<Void>?
    private var state = State.idle
    private var pendingWrites: PendingWrites

    /// - Parameter observer: told how the handshake ended.
    public init(
        context: TLSContext, handshakeTimeout: TimeAmount = .seconds(5),
        observer: (any TLSHandshakeObserver)? = nil
    ) throws(TLSError) {
        engine = try TLSEngine(context)
        self.handshakeTimeout = handshakeTimeout
        self.observer = observer
        pendingWrites = PendingWrites()
    }

    /// Who the peer is, after the handshake.
    public var peer: PeerIdentity? { engine.peer }
    /// What ALPN chose, after the handshake.
    public var applicationProtocol: String? { engine.applicationProtocol }
    /// The name the client asked for.
    public var serverName: String? { engine.serverName }

    // MARK: Opening

    public func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { startHandshake(context) }
    }

    public func channelActive(context: ChannelHandlerContext) {
        startHandshake(context)
        context.fireChannelActive()
    }

    private func startHandshake(_ context: ChannelHandlerContext) {
        guard state == .idle else { return }
        state = .handshaking
        timeout = context.eventLoop.assumeIsolated().scheduleTask(in: handshakeTimeout) {
            let seconds = self.handshakeTimeout.nanoseconds / 1_000_000_000
            self.fail(context, TLSError(.handshakeTimeout, "no handshake within \(seconds) s"))
        }
        continueHandshake(context)
    }

    private func continueHandshake(_ context: ChannelHandlerContext) {
        do {
            let complete = try engine.handshake()
            sendOutput(context)
            if complete { handshakeCompleted(context) }
        } catch {
            fail(context, error)
        }
    }

    private func handshakeCompleted(_ context: ChannelHandlerContext) {
        timeout?.cancel()
        timeout = nil
        state = .established
        let event = TLSHandshakeCompleted(
            peer: engine.peer, applicationProtocol: engine.applicationProtocol,
            version: engine.version)
        observer?.handshakeEnded(.success(event))
        context.fireUserInboundEventTriggered(event)
        encryptPendingWrites(context)
    }

    // MARK: Reading

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { ciphertext in
            engine.receive(ciphertext) {
                if state == .handshaking { continueHandshake(context) }
                guard state == .established || state == .closing else { return }
                // Plaintext is shorter than its ciphertext.
                var plaintext = context.channel.allocator.buffer(capacity: ciphertext.count)
                guard decrypt(context, into: &plaintext) else { return }
                deliver(context, plaintext)
                sendOutput(context)
            }
        }
    }

    /// Reads until the engine asks for more input; false if the connection has ended.
    private func decrypt(
        _ context: ChannelHandlerContext, into plaintext: inout ByteBuffer
    ) -> Bool {
        do {
            while true {
                var result = TLSEngine.ReadResult.needsInput
                try plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { memory in
                    result = try engine.read(into: memory)
                    if case .bytes(let count) = result { return count }
                    return 0
                }
                switch result {
                case .bytes: continue
                case .needsInput: return true
                case .closed:
                    deliver(context, plaintext)
                    endAfterCloseNotify(context)
                    return false
                }
            }
        } catch {
            deliver(context, plaintext)
            let error = error as? TLSError ?? TLSError(.protocolViolation, "\(error)")
            fail(context, error)
            return false
        }
    }

    private func deliver(_ context: ChannelHandlerContext, _ plaintext: ByteBuffer) {
        if plaintext.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plaintext)) }
    }

    private func endAfterCloseNotify(_ context: ChannelHandlerContext) {
        guard state != .closed else { return }
        close(context: context, mode: .all, promise: nil)
    }

    // MARK: Writing

    public func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        guard state != .closing, state != .closed else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        pendingWrites.append(unwrapOutboundIn(data), promise)
    }

    public func flush(context: ChannelHandlerContext) {
        pendingWrites.mark()
        if state == .established { encryptPendingWrites(context) }
        context.flush()
    }

    private func encryptPendingWrites(_ context: ChannelHandlerContext) {
        guard pendingWrites.hasMarked else { return }
        let promises: [EventLoopPromise<Void>]
        do {
            promises = try pendingWrites.encryptMarked(with: engine)
        } catch {
            fail(context, error)
            return
        }
        let promise = Self.cascade(to: promises, on: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(engine.takeOutput()), promise: promise)
    }

    /// One promise for the one write below that completes all of the writes above.
    private static func cascade(
        to promises: [EventLoopPromise<Void>], on loop: any EventLoop
    ) -> EventLoopPromise<Void>? {
        if promises.count < 2 { return promises.first }
        let combined = loop.makePromise(of: Void.self)
        for promise in promises { combined.futureResult.cascade(to: promise) }
        return combined
    }

    /// Sends what the engine wants sent: handshake messages, alerts, key updates.
    private func sendOutput(_ context: ChannelHandlerContext) {
        if engine.pendingOutput == 0 { return }
        context.writeAndFlush(wrapOutboundOut(engine.takeOutput()), promise: nil)
    }

    // MARK: Ending

    public func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        if mode != .input { sendCloseNotify(context) }
        if mode == .all { end() }
        context.close(mode: mode, promise: promise)
    }

    private func sendCloseNotify(_ context: ChannelHandlerContext) {
        guard state == .established else { return }
        state = .closing
        engine.sendCloseNotify()
        sendOutput(context)
    }

    public func channelInactive(context: ChannelHandlerContext) {
        if state == .handshaking {
            end()
            let error = TLSError(.handshake, "the peer closed the connection during the handshake")
                .with(peer: Self.address(context))
            observer?.handshakeEnded(.failure(error))
            context.fireErrorCaught(error)
        }
        end()
        context.fireChannelInactive()
    }

    public func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    /// Tells the peer why (the engine has queued an alert), then everyone above, and closes.
    private func fail(_ context: ChannelHandlerContext, _ error: TLSError) {
        guard state != .closed else { return }
        let error = error.with(peer: Self.address(context))
        if state == .handshaking { observer?.handshakeEnded(.failure(error)) }
        sendOutput(context)
        end(with: error)
        context.fireErrorCaught(error)
        context.close(mode: .all, promise: nil)
    }

    private static func address(_ context: ChannelHandlerContext) -> String? {
        context.remoteAddress.map { "\($0.ipAddress ?? "unix"):\($0.port ?? 0)" }
    }

    private func end(with error: any Error = ChannelError.ioOnClosedChannel) {
        state = .closed
        timeout?.cancel()
        timeout = nil
        // Out of the handler first: whoever hears of the failure may close the channel again.
        var abandoned = pendingWrites
        pendingWrites = PendingWrites()
        abandoned.failAll(error)
    }
}

@available(*, unavailable)
extension TLSHandler: Sendable {}
