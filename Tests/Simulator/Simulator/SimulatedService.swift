internal import RPC

/// Does what each `Order` says, and keeps a ledger of it.
///
/// Sendable: a simulation has one thread.
final class SimulatedService: RPCService, CallObserver, @unchecked Sendable {
    static let deadline = Duration.seconds(20)

    static func method(
        _ name: String, _ kind: MethodKind, idempotency: Idempotency = .none
    ) -> MethodDescriptor {
        MethodDescriptor(
            path: "/simulation.v1.Orders/\(name)", kind: kind, access: .public,
            idempotency: idempotency, deadline: deadline,
            retry: RetryPolicy(maximumAttempts: 3, codes: [.unavailable]),
            maximumRequestBytes: 1 << 20, maximumResponseBytes: 1 << 20)
    }

    static let read = method("Read", .unary, idempotency: .readonly)
    static let write = method("Write", .unary)
    static let pay = method(
        "Pay", .unary, idempotency: .keyed(path: [1], ttl: .seconds(3_600)))
    static let watch = method("Watch", .serverStreaming)
    static let collect = method("Collect", .clientStreaming)
    static let converse = method("Converse", .bidirectional)

    static let methods = [read, write, pay, watch, collect, converse]

    private let clock: SimulatedClock
    private let ledger: Ledger
    private let server: Int

    init(server: Int, _ clock: SimulatedClock, _ ledger: Ledger) {
        self.server = server
        self.clock = clock
        self.ledger = ledger
    }

    func register(in registry: inout MethodRegistry) {
        registry.unary(Self.read) { (request: Payload, context) in
            try await self.answer(request, context)
        }
        registry.unary(Self.write) { (request: Payload, context) in
            try await self.answer(request, context)
        }
        registry.unary(Self.pay) { (request: Payload, context) in
            try await self.answer(request, context)
        }
        registry.serverStreaming(Self.watch) { (request: Payload, replies, context) in
            try await self.handled(context) {
                let order = try self.order(request)
                for index in 0..<order.replies {
                    await self.clock.pause(order.pause)
                    try await replies.write(order.reply(index))
                }
                try self.finish(order)
            }
        }
        registry.clientStreaming(Self.collect) {
            (requests: RequestStream<Payload>, context) -> Payload in
            try await self.handled(context) {
                var last = Order()
                var count: UInt32 = 0
                for try await request in requests {
                    last = try self.order(request)
                    if last.index != count { self.ledger.spoiled("request out of order") }
                    count += 1
                    await self.clock.pause(last.pause)
                }
                try self.finish(last)
                return last.reply(count)
            }
        }
        registry.bidirectional(Self.converse) {
            (requests: RequestStream<Payload>, replies: ReplyWriter<Payload>, context) in
            try await self.handled(context) {
                var last = Order()
                for try await request in requests {
                    last = try self.order(request)
                    await self.clock.pause(last.pause)
                    try await replies.write(last.reply(last.index))
                }
                try self.finish(last)
            }
        }
    }

    func callEnded(_ record: CallRecord) { ledger.served(record) }

    // MARK: Handlers

    private nonisolated(nonsending) func answer(
        _ request: Payload, _ context: ServerContext
    ) async throws -> Payload {
        try await handled(context) {
            let order = try self.order(request)
            await clock.pause(order.pause)
            try finish(order)
            if context.method.path == Self.pay.path { ledger.pay(order.call) }
            return order.reply(0)
        }
    }

    private nonisolated(nonsending) func handled<Result>(
        _ context: ServerContext, _ body: nonisolated(nonsending) () async throws -> Result
    ) async throws -> Result {
        let run = ledger.began(context, on: server, at: clock.now)
        defer { ledger.finished(run, at: clock.now) }
        return try await body()
    }

    private func order(_ message: Payload) throws -> Order {
        guard let order = Order(message) else {
            ledger.spoiled("a request that nobody sent: \(Order.difference(of: message))")
            throw RPCError(.invalidArgument, "not an order")
        }
        return order
    }

    private func finish(_ order: Order) throws {
        if let code = StatusCode(rawValue: UInt8(truncatingIfNeeded: order.status)), code != .ok {
            throw RPCError(code, "as ordered")
        }
    }
}

/// The simulation's time, and waiting for it.
///
/// Sendable: a simulation has one thread.
final class SimulatedClock: @unchecked Sendable {
    private let loop: SimulatedLoop

    init(_ loop: SimulatedLoop) { self.loop = loop }

    var now: Instant { Instant(nanoseconds: loop.time) }

    /// Waits so many microseconds; less if the task is cancelled.
    nonisolated(nonsending) func pause(_ microseconds: UInt32) async {
        if microseconds == 0 { return }
        let sleeper = Sleeper()
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                sleeper.sleep(continuation)
                loop.after(UInt64(microseconds) * 1000) { sleeper.wake() }
            }
        } onCancel: {
            sleeper.wake()
        }
    }

    /// Sendable: a simulation has one thread.
    private final class Sleeper: @unchecked Sendable {
        private var continuation: UnsafeContinuation<Void, Never>?
        private var isAwake = false

        func sleep(_ continuation: UnsafeContinuation<Void, Never>) {
            if isAwake { return continuation.resume() }
            self.continuation = continuation
        }

        func wake() {
            isAwake = true
            continuation.take()?.resume()
        }
    }
}
