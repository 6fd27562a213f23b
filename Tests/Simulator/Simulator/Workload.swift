internal import RPC
internal import RPCTransport

/// The callers of a simulation: makes the calls of its plan and judges what comes back.
///
/// Sendable: a simulation has one thread.
final class Workload: @unchecked Sendable {
    private let client: RPCClient
    private let executor: LoopExecutor
    private let loop: SimulatedLoop
    private let clock: SimulatedClock
    private let ledger: Ledger
    private(set) var open = 0

    init(
        _ client: RPCClient, executor: LoopExecutor, loop: SimulatedLoop, clock: SimulatedClock,
        ledger: Ledger
    ) {
        self.client = client
        self.executor = executor
        self.loop = loop
        self.clock = clock
        self.ledger = ledger
    }

    func schedule(_ plan: CallPlan) {
        open += 1
        loop.after(UInt64(plan.at) * 1_000) { self.start(plan) }
    }

    private func start(_ plan: CallPlan) {
        let deadline = plan.deadline.map { clock.now + .microseconds(Int64($0)) }
        let id = ledger.opened(plan.kind, deadline: deadline, at: clock.now)
        let task = Task(executorPreference: executor) {
            var failure: (any Error)?
            do {
                try await self.run(plan, id)
                if plan.status != nil, plan.leavesAfter == nil || plan.kind.isUnary {
                    self.ledger.spoiled("call \(id) succeeded, and a failure was ordered")
                }
            } catch {
                failure = error
            }
            self.open -= 1
            self.ledger.ended(id, failure, at: self.clock.now)
        }
        if let cancelAfter = plan.cancelAfter {
            loop.after(UInt64(cancelAfter) * 1_000) { task.cancel() }
        }
    }

    private nonisolated(nonsending) func run(_ plan: CallPlan, _ id: UInt32) async throws {
        var order = Order()
        order.call = id
        order.pause = plan.handlerPause
        order.replies = plan.replies
        order.replyBytes = plan.replyBytes
        order.status = UInt32(plan.status?.rawValue ?? 0)
        let options = CallOptions(
            deadline: plan.deadline.map { .after(.microseconds(Int64($0))) },
            metadata: [AssayHeader.requestID: "\(id)"], routingKey: "key-\(id % 7)",
            waitsForReady: plan.waitsForReady)
        switch plan.kind {
        case .read: try await ask(SimulatedService.read, order, plan, options)
        case .write: try await ask(SimulatedService.write, order, plan, options)
        case .pay: try await ask(SimulatedService.pay, order, plan, options)
        case .watch: try await watch(order, plan, options)
        case .collect: try await collect(order, plan, options)
        case .converse: try await converse(order, plan, options)
        }
    }

    private nonisolated(nonsending) func ask(
        _ method: MethodDescriptor, _ order: Order, _ plan: CallPlan, _ options: CallOptions
    ) async throws {
        let reply: Payload = try await client.unary(
            method, order.message(plan.requestBytes), options: options)
        check(reply, order.reply(0), order)
    }

    private nonisolated(nonsending) func watch(
        _ order: Order, _ plan: CallPlan, _ options: CallOptions
    ) async throws {
        try await client.serverStreaming(
            SimulatedService.watch, order.message(plan.requestBytes), options: options
        ) { (replies: ReplyStream<Payload>) in
            var count: UInt32 = 0
            for try await reply in replies {
                self.check(reply, order.reply(count), order)
                count += 1
                if let leaves = plan.leavesAfter, count >= leaves { return }
                await self.clock.pause(plan.callerPause)
            }
            if count != order.replies {
                self.ledger.spoiled("call \(order.call): \(count) of \(order.replies) replies")
            }
        }
    }

    private nonisolated(nonsending) func collect(
        _ order: Order, _ plan: CallPlan, _ options: CallOptions
    ) async throws {
        let reply: Payload = try await client.clientStreaming(
            SimulatedService.collect, options: options
        ) { (requests: RequestWriter<Payload>) in
            for index in 0..<plan.messages {
                var message = order
                message.index = index
                try await requests.write(message.message(plan.requestBytes))
                await self.clock.pause(plan.callerPause)
            }
        }
        check(reply, order.reply(plan.messages), order)
    }

    private nonisolated(nonsending) func converse(
        _ order: Order, _ plan: CallPlan, _ options: CallOptions
    ) async throws {
        try await client.bidirectional(SimulatedService.converse, options: options) {
            (requests: RequestWriter<Payload>, replies: ReplyStream<Payload>) in
            var (sent, count): (UInt32, UInt32) = (0, 0)
            var iterator = replies.makeAsyncIterator()
            while count < plan.messages {
                while sent < plan.messages, sent < count + 3 {
                    var message = order
                    message.index = sent
                    try await requests.write(message.message(plan.requestBytes))
                    sent += 1
                }
                guard let reply = try await iterator.next() else {
                    return self.ledger.spoiled("call \(order.call): \(count) of \(plan.messages)")
                }
                self.check(reply, order.reply(count), order)
                count += 1
                if let leaves = plan.leavesAfter, count >= leaves { return }
                await self.clock.pause(plan.callerPause)
            }
            requests.finish()
            if try await iterator.next() != nil {
                self.ledger.spoiled("call \(order.call): a reply too many")
            }
        }
    }

    private func check(_ reply: Payload, _ expected: Payload, _ order: Order) {
        if reply != expected { ledger.spoiled("call \(order.call) got what was not meant for it") }
    }
}
