import AssayMessages
import Foundation
import NIOPosix
import RPC
import RPCTransport
import Testing

/// Rows of the failure matrix with server processes that the kernel gives little.
@Suite("Servers short of descriptors and of memory", .serialized, .timeLimit(.minutes(60)))
struct ScarcityTests {
    private static let descriptors = 40

    /// A connection that has sent its opening and waits for the server's.
    private static func caller(of server: BenchProcess) async throws -> WirePeer {
        let peer = try await WirePeer(port: server.port)
        try await peer.send(WirePeer.preface)
        return peer
    }

    private static func isServed(_ peer: WirePeer) -> Bool {
        WirePeer.frames(in: peer.bytes).contains { $0.type == 4 }
    }

    @Test(
        "row 20: out of descriptors accepting pauses, connections are served, and accepting goes on"
    )
    func descriptors() async throws {
        let server = try await BenchProcess(limit: "-n \(Self.descriptors)")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try RPCClient("127.0.0.1:\(server.port)", profile: .mesh, group: group)
        let _: EchoMessage = try await client.unary(LifeService.once, EchoMessage())

        var peers: [WirePeer] = []
        for _ in 0..<Self.descriptors { peers.append(try await Self.caller(of: server)) }
        #expect(
            await eventually {
                server.descriptors(below: Self.descriptors) == Self.descriptors
            })

        // A connection that was there before is served as ever.
        let end = Gate()
        let load = Task { await SteadyLoad(client).run(tasks: 4, until: end) }
        try await Task.sleep(for: .milliseconds(500))
        end.open()
        let calls = await load.value
        #expect(calls.count > 100)
        #expect(calls.allSatisfy { $0.error == nil }, "\(calls)")
        let waiting = peers.filter { !Self.isServed($0) }
        #expect(waiting.count > 5)

        // Nothing spins.
        let before = server.processorTime
        try await Task.sleep(for: .seconds(1))
        let used = server.processorTime - before
        print("out of descriptors: \(used) of processor time in a second, \(calls.count) calls")
        #expect(used < .milliseconds(200))
        #expect(waiting.allSatisfy { !Self.isServed($0) })

        // The first that go make room for those who wait.
        for peer in peers.prefix(waiting.count) { try await peer.close() }
        let isServed = await eventually(within: .seconds(2)) {
            waiting.allSatisfy(Self.isServed)
        }
        #expect(isServed, "accepting goes on")
        for peer in peers.dropFirst(waiting.count) { try await peer.close() }

        await client.close()
        try? await group.shutdownGracefully()
        server.terminate()
        #expect(await server.end() == .exit(0))
    }

    private static let memory = 256 << 20

    /// How long the memory is used up again and again, at least twice.
    private static var duration: Duration {
        let minutes = ProcessInfo.processInfo.environment["ASSAY_OVERLOAD_MINUTES"]
        return .seconds(60 * (minutes.flatMap(Double.init) ?? 0))
    }

    /// Calls for replies that nobody reads until `read` opens, until one is refused.
    private static func hoard(
        _ server: BenchProcess, group: MultiThreadedEventLoopGroup, until read: Gate,
        refused: Errors, whole: Count, started: Count
    ) async throws {
        var profile = RPCProfile.mesh
        profile.http2.streamWindow = 16 << 10
        let request = BenchV1.ReplayRequest(payload: Array(repeating: 7, count: 200_000), count: 20)
        try await withThrowingDiscardingTaskGroup { calls in
            while refused.all.isEmpty, started.value < 4_000 {
                let client = try RPCClient(
                    "127.0.0.1:\(server.port)", profile: profile, group: group)
                let streaming = BenchV1.Streaming.Client(client)
                for _ in 0..<4 {
                    let hasBegun = Gate()
                    calls.addTask {
                        let error = await outcome {
                            try await streaming.replay(request) { replies in
                                var count = 0
                                for try await _ in replies {
                                    hasBegun.open()
                                    await read.wait()
                                    count += 1
                                }
                                #expect(count == 20)
                            }
                        }
                        if let error { refused.add(error) } else { whole.add() }
                        hasBegun.open()
                    }
                    started.add()
                    await hasBegun.wait()
                }
            }
        }
    }

    /// A server that the kernel gives so much for its data, and a client that is connected to it.
    private static func withSmallServer(
        _ body: (BenchProcess, RPCClient, MultiThreadedEventLoopGroup) async throws -> Void
    ) async throws {
        let server = try await BenchProcess(limit: "-d \(memory >> 10)")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try RPCClient("127.0.0.1:\(server.port)", profile: .mesh, group: group)
        await client.warmUp()
        try await body(server, client, group)
        await client.close()
        #expect(server.isRunning, "\(server.errors)")
        server.terminate()
        #expect(await server.end() == .exit(0))
        try? await group.shutdownGracefully()
    }

    private static func say(_ client: RPCClient, _ size: Int) async -> RPCError? {
        await outcome {
            let message = EchoMessage(payload: Array(repeating: 3, count: size))
            let reply: EchoMessage = try await client.unary(
                LifeService.once, message, options: CallOptions(deadline: .after(.seconds(3))))
            #expect(reply.payload.count == size)
        }
    }

    @Test(
        "row 19: short of memory new calls are refused, those under way end well, and it recovers")
    func memory() async throws {
        try await Self.withSmallServer { server, client, group in
            var round = 0
            let end = ContinuousClock.now + Self.duration
            while round < 2 || ContinuousClock.now < end {
                round += 1
                let (read, refused, whole, started) = (Gate(), Errors(), Count(), Count())
                let hoard = Task {
                    try await Self.hoard(
                        server, group: group, until: read, refused: refused, whole: whole,
                        started: started)
                }
                #expect(await eventually(within: .seconds(60)) { !refused.all.isEmpty })
                let full = server.memory("VmData")
                // Refused, or served if memory has been given back meanwhile.
                if let error = await Self.say(client, 1) { #expect(error.code == .unavailable) }
                #expect(server.isRunning, "\(server.errors)")
                read.open()
                try await hoard.value
                #expect(refused.all.allSatisfy { $0.code == .unavailable }, "\(refused.all)")
                #expect(whole.value + refused.all.count == started.value)
                #expect(whole.value > 50)
                let isServed = await eventually(within: .seconds(5)) {
                    await Self.say(client, 1) == nil
                }
                #expect(isServed, "it recovers")
                print(
                    "short of memory \(round): \(whole.value) calls at \(full >> 20) MiB, "
                        + "\(refused.all.count) refused, then \(server.memory("VmData") >> 20) MiB")
            }
        }
    }

    @Test("row 19: more large calls at once than the memory has room for: it lives, and recovers")
    func largeCalls() async throws {
        try await Self.withSmallServer { server, client, group in
            let (good, errors) = (Count(), Errors())
            await withDiscardingTaskGroup { callers in
                for _ in 0..<50 {
                    guard
                        let client = try? RPCClient(
                            "127.0.0.1:\(server.port)", profile: .mesh, group: group)
                    else { continue }
                    for _ in 0..<8 {
                        callers.addTask {
                            for _ in 0..<2 {
                                if let error = await Self.say(client, 1_000_000) {
                                    errors.add(error)
                                } else {
                                    good.add()
                                }
                            }
                        }
                    }
                }
            }
            let codes = Dictionary(grouping: errors.all) { "\($0.code) \($0.reason ?? "")" }
            print(
                "large calls: \(good.value) good, \(codes.mapValues(\.count)), "
                    + "\(server.memory("VmData") >> 20) MiB")
            #expect(good.value > 20)
            let isServed = await eventually(within: .seconds(5)) {
                await Self.say(client, 1_000_000) == nil
            }
            #expect(isServed, "it recovers")
        }
    }
}
