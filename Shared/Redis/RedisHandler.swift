internal import NIOCore

/// The one handler of a Redis connection: commands down, replies up, matched by their order.
final class RedisHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A sent command that waits for its reply. After its time it keeps its place in the queue, so
    /// that the reply, should it still come, is not taken for the next one's.
    private struct Waiting {
        let promise: EventLoopPromise<RedisValue>
        let timeout: Scheduled<Void>
    }

    private let configuration: RedisConnection.Configuration
    private let reader: ReplyReader
    private var waiting = CircularBuffer<Waiting>(initialCapacity: 16)
    private var context: ChannelHandlerContext?
    private var output = ByteBuffer()
    private var isFlushScheduled = false
    /// Set when the connection has ended; every later command gets it.
    private var ending: RedisError?

    init(configuration: RedisConnection.Configuration) {
        self.configuration = configuration
        reader = ReplyReader(limits: configuration.replyLimits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(RedisError(.connectionLost, "the connection was taken down"))
        self.context = nil
    }

    // MARK: Commands

    /// Sends a command with all others of this loop tick in one write.
    func send(_ command: RedisCommand, _ promise: EventLoopPromise<RedisValue>) {
        if let refusal = refusal(of: command) {
            promise.fail(refusal)
            return
        }
        guard let context else { return promise.fail(RedisError(.closed, "not connected")) }
        command.encode(into: &output)
        let loop = context.eventLoop.assumeIsolated()
        let timeout = loop.scheduleTask(in: configuration.commandTimeout) {
            promise.fail(RedisError(.timeout, "no reply in time"))
        }
        waiting.append(Waiting(promise: promise, timeout: timeout))
        scheduleFlush(on: loop)
    }

    private func refusal(of command: RedisCommand) -> RedisError? {
        if let ending {
            return RedisError(.closed, "the connection has ended", cause: ending)
        }
        if waiting.count >= configuration.maximumInFlight {
            return RedisError(.tooManyInFlight, "\(waiting.count) commands wait for replies")
        }
        if command.encodedSize > configuration.maximumCommandBytes {
            return RedisError(
                .commandTooLarge, "more than \(configuration.maximumCommandBytes) bytes")
        }
        return nil
    }

    private func scheduleFlush(on loop: NIOIsolatedEventLoop) {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        loop.execute { self.flush() }
    }

    private func flush() {
        isFlushScheduled = false
        guard let context, output.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        output = context.channel.allocator.buffer(capacity: 1024)
    }

    // MARK: Replies

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let failure = bytes.withUnsafeReadableBytes { bytes -> RedisError? in
            do throws(RedisError) {
                try reader.read(bytes) { reply in deliver(reply) }
                return nil
            } catch {
                return error
            }
        }
        if let failure {
            end(failure)
            context.close(promise: nil)
        }
    }

    private func deliver(_ reply: RedisValue) {
        guard ending == nil else { return }
        guard let first = waiting.popFirst() else {
            end(RedisError(.protocolViolation, "a reply to no command"))
            context?.close(promise: nil)
            return
        }
        first.timeout.cancel()
        first.promise.succeed(reply)
    }

    // MARK: The end

    func channelInactive(context: ChannelHandlerContext) {
        end(RedisError(.connectionLost, "the server closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(RedisError(.connectionLost, "the connection failed", cause: error))
        context.close(promise: nil)
    }

    /// Our own side ends the connection.
    func close() {
        end(RedisError(.connectionLost, "the connection was closed"))
        context?.close(promise: nil)
    }

    private func end(_ error: RedisError) {
        guard ending == nil else { return }
        ending = error
        while let entry = waiting.popFirst() {
            entry.timeout.cancel()
            entry.promise.fail(error)
        }
    }
}

@available(*, unavailable)
extension RedisHandler: Sendable {}
