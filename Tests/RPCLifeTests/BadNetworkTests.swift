import NIOPosix
import RPC
import RPCTransport
import Synchronization
import Testing

/// Rows of the failure matrix that a relay between client and server makes, over real sockets.
@Suite("What happens to calls on a bad network", .serialized)
struct BadNetworkTests {
    /// A client of its own, with its own loop, through a relay.
    private static func run<Result: Sendable>(
        _ relay: FaultyRelay, profile: RPCProfile = .mesh,
        _ body: (RPCClient) async throws -> Result
    ) async throws -> Result {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try RPCClient(relay.target, profile: profile, group: group)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(client))
        } catch {
            result = .failure(error)
        }
        await client.close()
        try? await group.shutdownGracefully()
        return try result.get()
    }

    @Test(
        "row 4: replies are lost: the deadline ends the call here and there; one effect after a retry"
    )
    func lostReplies() async throws {
        let effects = Mutex<Set<[UInt8]>>([])
        let ended = Count()
        let isSlow = Mutex(true)
        let keyed = LifeService.method(
            "Say", idempotency: .keyed(path: [1], ttl: .seconds(60)),
            deadline: .milliseconds(400))
        let repeated = LifeService.method(
            "Say", idempotency: .keyed(path: [1], ttl: .seconds(60)),
            retry: RetryPolicy(codes: [.unavailable]))
        let service = LifeService(handler: { request, _ in
            _ = effects.withLock { $0.insert(request.payload) }
            if isSlow.withLock(\.self) {
                // Cancelled by what the client says when its deadline has passed.
                try? await Task.sleep(for: .seconds(60))
                ended.add()
            }
            return request
        })
        let server = try await LifeServer(service)
        let relay = try await FaultyRelay(to: server.server.port)
        try await Self.run(relay) { client in
            await client.warmUp()
            relay.change { $0.losesReplies = true }
            let start = ContinuousClock.now
            let error = await outcome {
                let _: EchoMessage = try await client.unary(keyed, EchoMessage(payload: [1, 2]))
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(ContinuousClock.now - start < .milliseconds(1_500))
            #expect(await eventually { ended.value == 1 }, "the handler was cancelled")
            relay.change { $0.losesReplies = false }
            isSlow.withLock { $0 = false }
            // The bytes that are missing break the connection, which the same key may survive.
            let again: EchoMessage = try await client.unary(
                repeated, EchoMessage(payload: [1, 2]))
            #expect(again.payload == [1, 2])
            #expect(effects.withLock { $0.count } == 1)
        }
        await relay.stop()
        await server.stop()
    }

    @Test(
        "row 7: a connection at 64 kbit/s: its stream waits, memory is bounded, others do not notice"
    )
    func narrow() async throws {
        let written = Count()
        let piece = [UInt8](repeating: 7, count: 16 << 10)
        let service = LifeService(write: { replies in
            while true {
                try await replies.write(EchoMessage(payload: piece))
                written.add(piece.count)
            }
        })
        let server = try await LifeServer(service)
        let relay = try await FaultyRelay(
            to: server.server.port, FaultyRelay.Plan(rateDown: 8 << 10))
        let read = Count()
        try await Self.run(relay) { slow in
            let stream = Task {
                await outcome {
                    try await slow.serverStreaming(LifeService.endless, EchoMessage()) {
                        (replies: ReplyStream<EchoMessage>) in
                        for try await message in replies { read.add(message.payload.count) }
                    }
                }
            }
            #expect(await eventually { written.value > 0 })
            let others = try RPCClient(server.target)
            var slowest = Duration.zero
            let end = ContinuousClock.now + .milliseconds(1_500)
            while ContinuousClock.now < end {
                let start = ContinuousClock.now
                let _: EchoMessage = try await others.unary(LifeService.once, EchoMessage())
                slowest = max(slowest, ContinuousClock.now - start)
            }
            #expect(slowest < .milliseconds(500), "\(slowest)")
            // The outbox's 256 KiB, the windows, and what the kernel takes for loopback.
            #expect(written.value < 12 << 20, "\(written.value >> 10) KiB were written")
            #expect(read.value <= 64 << 10, "\(read.value) bytes in a second and a half")
            stream.cancel()
            _ = await stream.value
            await others.close()
        }
        await relay.stop()
        await server.stop()
    }

    @Test("row 8: one byte per segment: the same results")
    func trickle() async throws {
        let server = try await LifeServer(
            LifeService(write: { replies in
                for index in 0..<20 {
                    try await replies.write(
                        EchoMessage(payload: [UInt8](repeating: 3, count: index)))
                }
            }))
        let relay = try await FaultyRelay(
            to: server.server.port, FaultyRelay.Plan(isTrickling: true))
        try await Self.run(relay) { client in
            for count in [0, 1, 100, 3_000] {
                let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
                let reply: EchoMessage = try await client.unary(
                    LifeService.once, EchoMessage(payload: payload))
                #expect(reply.payload == payload)
            }
            let sizes = try await client.serverStreaming(LifeService.endless, EchoMessage()) {
                (replies: ReplyStream<EchoMessage>) in
                var sizes: [Int] = []
                for try await reply in replies { sizes.append(reply.payload.count) }
                return sizes
            }
            #expect(sizes == Array(0..<20))
        }
        await relay.stop()
        await server.stop()
    }

    @Test(
        "row 9: a connection that ends at any byte of a call", arguments: FaultyRelay.End.allCases)
    func everyOffset(_ end: FaultyRelay.End) async throws {
        let handled = Count()
        let server = try await LifeServer(
            LifeService(handler: { request, _ in
                handled.add()
                return request
            }))
        let payload = (0..<60).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let whole = try await FaultyRelay(to: server.server.port)
        let cut = Cut(server: server, payload: payload, handled: handled)
        let first = try await cut.call(through: whole)
        #expect(first.error == nil)
        // What a call needs; what follows it (acknowledgements, GOAWAY) matters to no call.
        let (up, down) = (whole.bytesUp, whole.bytesDown)
        await whole.stop()
        #expect(up > 100 && down > 60)
        var good = 0
        for offset in 0...up {
            good += try await cut.expectWhole(
                FaultyRelay.Plan(bytesUp: offset, end: end), "\(end) at byte \(offset) up")
        }
        for offset in 0...down {
            good += try await cut.expectWhole(
                FaultyRelay.Plan(bytesDown: offset, end: end), "\(end) at byte \(offset) down")
        }
        #expect(good > 0, "the last offsets are behind the call")
        #expect(await eventually { server.server.connectionCount == 0 })
        let load = await server.server.load()
        #expect(load?.running == 0 && load?.waiting == 0)
        await server.stop()
    }

    /// One call through a relay that ends the connection somewhere.
    private struct Cut {
        let server: LifeServer
        let payload: [UInt8]
        let handled: Count

        func call(through relay: FaultyRelay) async throws -> (reply: [UInt8]?, error: RPCError?) {
            try await BadNetworkTests.run(relay) { client in
                let box = Mutex<[UInt8]?>(nil)
                let options = CallOptions(deadline: .after(.seconds(3)))
                let error = await outcome {
                    let reply: EchoMessage = try await client.unary(
                        LifeService.once, EchoMessage(payload: payload), options: options)
                    box.withLock { $0 = reply.payload }
                }
                return (box.withLock(\.self), error)
            }
        }

        /// 1 if the call succeeded: whole, and after one run of the handler.
        func expectWhole(_ plan: FaultyRelay.Plan, _ place: String) async throws -> Int {
            let relay = try await FaultyRelay(to: server.server.port, plan)
            let before = handled.value
            let (reply, error) = try await call(through: relay)
            await relay.stop()
            let runs = handled.value - before
            #expect(runs <= 1, "\(place): \(runs) runs")
            if let error {
                #expect(error.code == .unavailable, "\(place): \(error)")
                return 0
            }
            #expect(reply == payload, "\(place): a reply of \(reply?.count ?? 0) bytes")
            #expect(runs == 1, "\(place): \(runs) runs")
            return 1
        }
    }
}
