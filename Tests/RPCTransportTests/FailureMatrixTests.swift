import NIOCore
import NIOPosix
import RPC
import Synchronization
import Testing

@testable import RPCTransport

/// Rows of the failure matrix, over real sockets.
@Suite("What happens to calls when servers fail", .serialized)
struct FailureMatrixTests {
    @Test("row 1: a server killed under a call; what must not run twice is tried once")
    func killedOnce() async throws {
        try await Fleet.run(2, isKillable: true) { fleet in
            let gate = Gate()
            for member in fleet.members { member.hold(gate) }
            let call = Task { try await fleet.call() }
            #expect(await eventually { fleet.members.contains { $0.calls == 1 } })
            let victim = try #require(fleet.members.first { $0.calls == 1 })
            await victim.kill()
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("was lost") == true)
            #expect(fleet.members.map(\.calls).reduce(0, +) == 1)
            gate.open()
        }
    }

    @Test("row 1: a server killed under a call that may be repeated: the other one answers")
    func killedRepeatable() async throws {
        try await Fleet.run(2, isKillable: true) { fleet in
            await fleet.client.warmUp()
            let gate = Gate()
            for member in fleet.members { member.hold(gate) }
            let call = Task { try await fleet.call(Fleet.repeatable) }
            #expect(await eventually { fleet.members.contains { $0.calls == 1 } })
            let victim = try #require(fleet.members.first { $0.calls == 1 })
            for member in fleet.members where member !== victim { member.hold(nil) }
            await victim.kill()
            let answered = try await call.value
            #expect(answered != Int(victim.number))
            #expect(fleet.members.map(\.calls) == [1, 1])
            gate.open()
        }
    }

    @Test("row 2: both servers restarted in turn under load: no call fails")
    func rollingRestart() async throws {
        try await Fleet.run(2) { fleet in
            await fleet.client.warmUp()
            let load = Task { await fleet.load(for: .seconds(4)) }
            for member in fleet.members {
                let before = member.calls
                #expect(await eventually { member.calls > before + 20 })
                await member.shutdown()
                let stopped = member.calls
                try await member.restart()
                let restarted = LoopContext.now
                #expect(await eventually(within: .seconds(4)) { member.calls > stopped + 5 })
                #expect(LoopContext.now - restarted < .seconds(2), "used again within 2 s")
            }
            let seen = await load.value
            #expect(seen.errors.isEmpty, "\(seen.trouble)")
            #expect(seen.count > 200)
        }
    }

    @Test("row 3: a server that is stopped goes out of rotation; the others do not notice")
    func frozen() async throws {
        var profile = RPCProfile.mesh
        profile.keepaliveInterval = .milliseconds(400)
        try await Fleet.run(3, profile: profile) { fleet in
            await fleet.client.warmUp()
            _ = await fleet.load(for: .milliseconds(300))
            let thaw = await fleet.members[1].freeze()
            let frozenAt = LoopContext.now
            let options = CallOptions(deadline: .after(.milliseconds(1_500)))
            let seen = await fleet.load(tasks: 12, for: .seconds(4), options: options)
            thaw()
            #expect(
                seen.errors.allSatisfy { $0.code == .deadlineExceeded || $0.code == .unavailable })
            #expect(seen.longestFailure < .milliseconds(1_900), "ended at their deadlines")
            // 12 tasks: each may have been caught once, and some again by a probe.
            #expect(seen.errors.count <= 24, "\(seen.trouble)")
            let late = seen.since(frozenAt + .seconds(2))
            #expect(late.count > 100)
            #expect(late.errors.isEmpty, "\(late.trouble)")
        }
    }

    @Test("row 6: one of three that is 200 ms slower gets less than a tenth of the calls")
    func slow() async throws {
        try await Fleet.run(3) { fleet in
            await fleet.client.warmUp()
            fleet.members[2].delay(.milliseconds(200))
            let seen = await fleet.load(tasks: 6, for: .seconds(2))
            #expect(seen.errors.isEmpty, "\(seen.trouble)")
            let slow = seen.count(of: 2)
            #expect(slow * 10 < seen.count, "\(slow) of \(seen.count)")
        }
    }

    @Test(
        "row 12: a resolver that fails or answers nothing changes nothing; dead addresses are skipped"
    )
    func resolver() async throws {
        let answer = Mutex<Result<[Endpoint], ResolutionFailure>>(.success([]))
        let asked = Mutex(0)
        let source = { (ports: [Int]) -> any EndpointSource in
            // One address that refuses, and two that serve.
            answer.withLock {
                $0 = .success(
                    [Endpoint(.host("127.0.0.1", port: 1))]
                        + ports.map { Endpoint(.host("127.0.0.1", port: $0)) })
            }
            return TestSource {
                asked.withLock { $0 += 1 }
                return try answer.withLock(\.self).get()
            }
        }
        try await Fleet.run(2, source: source) { fleet in
            let seen = await fleet.load(for: .milliseconds(300))
            #expect(seen.errors.isEmpty, "\(seen.trouble)")
            #expect(seen.servers == [0, 1])
            for bad in [.failure(ResolutionFailure(description: "SERVFAIL")), .success([])]
                as [Result<[Endpoint], ResolutionFailure>]
            {
                answer.withLock { $0 = bad }
                let before = asked.withLock(\.self)
                // The address that refuses asks for a fresh answer with each attempt.
                let isAsked = await eventually {
                    _ = try? await fleet.call()
                    return asked.withLock(\.self) > before
                }
                #expect(isAsked)
                let later = await fleet.load(for: .milliseconds(100))
                #expect(later.errors.isEmpty, "\(later.trouble)")
            }
        }
    }

    @Test("a name that cannot be resolved fails calls at once, and says why")
    func unresolvable() async throws {
        let source = TestSource { throw ResolutionFailure(description: "no such name") }
        let client = RPCClient("dns:///nowhere:1", source: source)
        let error = await #expect(throws: RPCError.self) {
            let _: EchoMessage = try await client.unary(EchoService.custom, EchoMessage())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("no such name") == true)
        await client.close()
    }

    @Test(
        "row 13: an endpoint that breaks every call is ejected; if it is alone it is asked all the same"
    )
    func panic() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let requests = Counter()
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(BreakingPeer(requests))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let client = try RPCClient("127.0.0.1:\(port)", group: group)
        for call in 1...8 {
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(Fleet.patient, EchoMessage())
            }
            #expect(error?.code == .unavailable)
            #expect(requests.value == call, "call \(call) was tried")
        }
        await client.close()
        try await listener.close()
        try await group.shutdownGracefully()
    }

    @Test("row 15: GOAWAY while calls are sent: no error reaches the application", arguments: 0..<4)
    func goAway(_ round: Int) async throws {
        try await Fleet.run(2) { fleet in
            await fleet.client.warmUp()
            let load = Task { await fleet.load(tasks: 16, for: .milliseconds(600)) }
            let threshold = 20 + 37 * round
            #expect(await eventually { fleet.members[0].calls > threshold })
            await fleet.members[0].shutdown()
            let seen = await load.value
            #expect(seen.errors.isEmpty, "\(seen.trouble)")
            try await fleet.expect(1)
        }
    }

    @Test("row 16: a stream limit of one: further connections, then the queue, then refusal")
    func oneStream() async throws {
        var server = RPCProfile.mesh
        server.http2.maximumConcurrentStreams = 1
        try await Fleet.run(1, server: server) { fleet in
            let gate = Gate()
            fleet.members[0].hold(gate)
            let results = try await withThrowingTaskGroup(of: RPCError?.self) { group in
                for _ in 0..<150 {
                    group.addTask {
                        do {
                            _ = try await fleet.call()
                            return nil
                        } catch let error as RPCError {
                            return error
                        }
                    }
                }
                var refused = 0
                var errors: [RPCError?] = []
                while let result = try await group.next() {
                    errors.append(result)
                    if result != nil { refused += 1 }
                    if refused == 45 {
                        #expect(await eventually { fleet.members[0].calls == 4 })
                        #expect(fleet.members[0].connections == 4)
                        gate.open()
                    }
                }
                return errors
            }
            let refusals = results.compactMap(\.self)
            #expect((45...49).contains(refusals.count), "\(refusals.count)")
            for error in refusals {
                #expect(error.code == .resourceExhausted)
                #expect(error.reason == "CLIENT_QUEUE_FULL")
            }
            #expect(fleet.members[0].connections == 4)
        }
    }
}

/// Speaks HTTP/2 as far as SETTINGS, and closes the connection at the first request.
private final class BreakingPeer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let requests: Counter
    private var seen: [UInt8] = []

    init(_ requests: Counter) { self.requests = requests }

    func channelActive(context: ChannelHandlerContext) {
        let settings = ByteBuffer(bytes: RawPeer.frame(4, 0, 0, []))
        context.writeAndFlush(wrapOutboundOut(settings), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        seen += Array(unwrapInboundIn(data).readableBytesView)
        var position = 24
        while position + 9 <= seen.count {
            let length = seen[position..<position + 3].reduce(0) { $0 << 8 | Int($1) }
            if seen[position + 3] == 1 {
                requests.add()
                return context.close(promise: nil)
            }
            position += 9 + length
        }
    }
}

/// Answers with what a closure says.
struct TestSource: BlockingSource {
    let answer: @Sendable () throws -> [Endpoint]
    let interval = Duration.seconds(30)

    init(_ answer: @escaping @Sendable () throws -> [Endpoint]) { self.answer = answer }

    func resolve() throws -> [Endpoint] { try answer() }
}
