internal import NIOCore

/// The one handler of a Redis connection: commands down, replies up, matched by their order.
final class RedisHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Commands sent together that wait for their replies. After their time they keep their place
    /// in the queue, so that replies that still come are not taken for the next ones'.
    private struct Waiting {
        /// Nil once the caller has given up.
        var promise: EventLoopPromise<[RedisValue]>?
        let commands: Int
        var replies: [RedisValue] = []
        let sent: NIODeadline
        let deadline: NIODeadline
    }

    private let configuration: RedisConnection.Configuration
    private let reader: ReplyReader
    private var waiting = CircularBuffer<Waiting>(initialCapacity: 16)
    /// Commands whose replies have not come.
    private var commandsInFlight = 0
    private var lastReceived = NIODeadline.uptimeNanoseconds(0)
    /// When the watch over what waits looks next; nil if nothing waits.
    private var nextWatch: NIODeadline?
    private var context: ChannelHandlerContext?
    private var output = ByteBuffer()
    private var isFlushScheduled = false
    /// What can wait leaves when this timer ends, if nothing else does before.
    private var isLateFlushScheduled = false
    /// More than this does not wait.
    private static let lateBytes = 65_536
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

    /// Sends encoded commands with all others of this loop tick in one write.
    ///
    /// - Parameter delay: if given, they may wait so long for others to leave with.
    func send(
        _ encoded: ByteBuffer, commands: Int, timeout: TimeAmount, delay: TimeAmount?,
        _ promise: EventLoopPromise<[RedisValue]>
    ) {
        if let refusal = refusal(of: commands) { return promise.fail(refusal) }
        guard let context else { return promise.fail(RedisError(.closed, "not connected")) }
        var encoded = encoded
        if output.readableBytes == 0 { output = encoded } else { output.writeBuffer(&encoded) }
        let now = context.eventLoop.now
        waiting.append(
            Waiting(promise: promise, commands: commands, sent: now, deadline: now + timeout))
        commandsInFlight += commands
        let loop = context.eventLoop.assumeIsolated()
        watch(from: now + min(timeout, configuration.stallTimeout), loop)
        if let delay, output.readableBytes <= Self.lateBytes {
            scheduleFlush(in: delay, on: loop)
        } else {
            scheduleFlush(on: loop)
        }
    }

    private func refusal(of commands: Int) -> RedisError? {
        if let ending {
            return RedisError(.closed, "the connection has ended", cause: ending)
        }
        if commandsInFlight + commands > configuration.maximumInFlight {
            return RedisError(.tooManyInFlight, "\(commandsInFlight) commands wait for replies")
        }
        return nil
    }

    private func scheduleFlush(on loop: NIOIsolatedEventLoop) {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        loop.execute { self.flush() }
    }

    private func scheduleFlush(in delay: TimeAmount, on loop: NIOIsolatedEventLoop) {
        guard !isFlushScheduled, !isLateFlushScheduled else { return }
        isLateFlushScheduled = true
        loop.scheduleTask(in: delay) {
            self.isLateFlushScheduled = false
            if !self.isFlushScheduled { self.flush() }
        }
    }

    private func flush() {
        isFlushScheduled = false
        guard let context, output.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        output = ByteBuffer()
    }

    // MARK: Time

    /// Makes sure that the watch looks no later than `time`. One timer serves all commands.
    private func watch(from time: NIODeadline, _ loop: NIOIsolatedEventLoop) {
        if let nextWatch, nextWatch <= time { return }
        nextWatch = time
        loop.scheduleTask(deadline: time) { self.look(at: time) }
    }

    /// Fails what is overdue, and ends a connection on which nothing comes any more.
    private func look(at time: NIODeadline) {
        // An earlier look has taken the place of this one.
        guard nextWatch == time else { return }
        nextWatch = nil
        guard let context, let oldest = waiting.first else { return }
        let now = context.eventLoop.now
        let stall = max(oldest.sent, lastReceived) + configuration.stallTimeout
        guard now < stall else {
            end(RedisError(.connectionLost, "the server has fallen silent"))
            return context.close(promise: nil)
        }
        var next = stall
        for index in waiting.indices {
            guard let promise = waiting[index].promise else { continue }
            if waiting[index].deadline <= now {
                waiting[index].promise = nil
                promise.fail(RedisError(.timeout, "no reply in time"))
            } else {
                next = min(next, waiting[index].deadline)
            }
        }
        watch(from: next, context.eventLoop.assumeIsolated())
    }

    // MARK: Replies

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        lastReceived = context.eventLoop.now
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
        guard !waiting.isEmpty else {
            end(RedisError(.protocolViolation, "a reply to no command"))
            context?.close(promise: nil)
            return
        }
        commandsInFlight -= 1
        waiting[waiting.startIndex].replies.append(reply)
        let first = waiting[waiting.startIndex]
        guard first.replies.count == first.commands else { return }
        waiting.removeFirst()
        first.promise?.succeed(first.replies)
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
        while let entry = waiting.popFirst() { entry.promise?.fail(error) }
        commandsInFlight = 0
    }
}

@available(*, unavailable)
extension RedisHandler: Sendable {}
