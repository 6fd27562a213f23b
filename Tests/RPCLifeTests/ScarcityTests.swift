import NIOPosix
import RPC
import RPCTransport
import Testing

/// Rows of the failure matrix with server processes that the kernel gives little.
@Suite("Servers short of descriptors and of memory", .serialized, .timeLimit(.minutes(3)))
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
        await client.warmUp()

        var peers: [WirePeer] = []
        for _ in 0..<Self.descriptors { peers.append(try await Self.caller(of: server)) }
        #expect(await eventually { server.descriptors == Self.descriptors })
        let waiting = peers.filter { !Self.isServed($0) }
        #expect(waiting.count > 5)

        // A connection that was there before is served as ever.
        let end = Gate()
        let load = Task { await SteadyLoad(client).run(tasks: 4, until: end) }
        try await Task.sleep(for: .milliseconds(500))
        end.open()
        let calls = await load.value
        #expect(calls.count > 100)
        #expect(calls.allSatisfy { $0.error == nil })

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
}
