import Foundation
import NIOPosix
import RPC
import RPCTransport
import TestSupport
import Testing

/// Rows of the failure matrix with servers that are processes, stopped and started by signals.
@Suite("Servers that come and go under load", .serialized)
struct ProcessTests {
    private static func withClient<Result: Sendable>(
        _ target: String, profile: RPCProfile = .mesh, policy: ClientPolicy = .standard,
        _ body: (RPCClient) async throws -> Result
    ) async throws -> Result {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try RPCClient(target, profile: profile, policy: policy, group: group)
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

    private static func expectOrderlyEnd(of server: BenchProcess) async throws {
        let end = await server.end()
        #expect(end == .exit(0))
    }

    /// A connection that does nothing but watch for GOAWAYs.
    private static func goAways(of server: BenchProcess) async throws -> Task<[UInt32], any Error> {
        let peer = try await WirePeer(port: server.port)
        try await peer.send(WirePeer.preface)
        _ = try await peer.until { WirePeer.frames(in: $0).contains { $0.type == 4 } }
        return Task {
            let seen = try await peer.untilClosed()
            return WirePeer.frames(in: seen).filter { $0.type == 7 }.map(\.lastStream)
        }
    }

    @Test(
        "row 1: a server killed under calls that may run once: they fail as UNAVAILABLE, and it goes on"
    )
    func killed() async throws {
        let servers = [try await BenchProcess(), try await BenchProcess()]
        let target = "static:///" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        try await Self.withClient(target) { client in
            await client.warmUp()
            let end = Gate()
            let load = Task { await SteadyLoad(client).run(tasks: 8, until: end) }
            try await Task.sleep(for: .milliseconds(300))
            let killedAt = ContinuousClock.now
            servers[0].send(SIGKILL)
            try await Task.sleep(for: .milliseconds(700))
            end.open()
            let calls = await load.value
            let errors = calls.compactMap(\.error)
            // One task has one call under way.
            #expect(errors.count <= 8, "\(errors)")
            #expect(errors.allSatisfy { $0.code == .unavailable }, "\(errors)")
            let later = calls.filter { $0.start > killedAt + .milliseconds(300) }
            #expect(later.count > 50)
            #expect(later.allSatisfy { $0.error == nil })
        }
        servers[1].terminate()
        try await Self.expectOrderlyEnd(of: servers[1])
        _ = await servers[0].end()
    }

    @Test(
        "row 2: three servers restarted in turn under load: no failed call, and both GOAWAYs are seen"
    )
    func rollingRestart() async throws {
        var servers: [BenchProcess] = []
        for _ in 0..<3 { servers.append(try await BenchProcess()) }
        let target = "static:///" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        try await Self.withClient(target) { client in
            await client.warmUp()
            let end = Gate()
            let load = Task { await SteadyLoad(client).run(tasks: 12, until: end) }
            for index in servers.indices {
                try await Task.sleep(for: .milliseconds(300))
                let goAways = try await Self.goAways(of: servers[index])
                servers[index].terminate()
                let ending = await servers[index].end()
                #expect(ending == .exit(0))
                let seen = try await goAways.value
                #expect(seen == [0x7FFF_FFFF, 0])
                servers[index] = try await BenchProcess(port: servers[index].port)
                let restarted = servers[index]
                let isUsed = await eventually(within: .seconds(2)) { restarted.connections > 0 }
                #expect(isUsed, "used again within 2 s")
            }
            end.open()
            let calls = await load.value
            let errors = calls.compactMap(\.error)
            print("rolling restart: \(calls.count) calls, \(errors.count) failed")
            #expect(errors.isEmpty, "\(errors.count) of \(calls.count): \(errors.first as Any)")
            #expect(calls.count > 500)
        }
        for server in servers {
            server.terminate()
            try await Self.expectOrderlyEnd(of: server)
        }
    }

    @Test(
        "row 3: a server stopped by SIGSTOP goes out of rotation; waiting calls end at their deadline"
    )
    func stopped() async throws {
        let servers = [
            try await BenchProcess(), try await BenchProcess(), try await BenchProcess(),
        ]
        let target = "static:///" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        try await Self.withClient(target) { client in
            await client.warmUp()
            let end = Gate()
            let options = CallOptions(deadline: .after(.seconds(3)))
            let load = Task {
                await SteadyLoad(client, options: options).run(tasks: 8, until: end)
            }
            try await Task.sleep(for: .milliseconds(400))
            let stoppedAt = ContinuousClock.now
            servers[1].send(SIGSTOP)
            try await Task.sleep(for: .milliseconds(6_500))
            end.open()
            let calls = await load.value
            servers[1].send(SIGCONT)
            let errors = calls.filter { $0.error != nil }
            #expect(errors.count <= 24, "\(errors.count) of \(calls.count)")
            #expect(errors.allSatisfy { $0.took < .milliseconds(3_500) })
            let late = calls.filter { $0.start > stoppedAt + .seconds(5) }
            #expect(late.count > 100)
            #expect(late.allSatisfy { $0.error == nil }, "out of rotation within 5 s")
        }
        for server in servers {
            server.terminate()
            try await Self.expectOrderlyEnd(of: server)
        }
    }

    @Test(
        "row 22: a node is drained: with an endpoint delay no call fails, though clients learn of it late"
    )
    func nodeDrain() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "drain-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "endpoints").path
        func list(_ servers: [BenchProcess]) throws {
            let text = servers.map { "127.0.0.1:\($0.port)\n" }.joined()
            try text.write(toFile: file, atomically: true, encoding: .utf8)
        }
        let first = [
            try await BenchProcess(endpointDelay: 2), try await BenchProcess(endpointDelay: 2),
        ]
        try list(first)
        try await Self.withClient("file://\(file)") { client in
            await client.warmUp()
            let end = Gate()
            let load = Task { await SteadyLoad(client).run(tasks: 8, until: end) }
            try await Task.sleep(for: .milliseconds(300))
            // The node goes; the list of endpoints follows a second and a half later, and a client
            // that connects meanwhile is served.
            first[0].terminate()
            try await Task.sleep(for: .milliseconds(700))
            let late = try RPCClient("127.0.0.1:\(first[0].port)")
            let reply: EchoMessage = try await late.unary(
                LifeService.once, EchoMessage(payload: [5]))
            #expect(reply.payload == [5])
            let replacement = try await BenchProcess()
            try await Task.sleep(for: .milliseconds(800))
            try list([first[1], replacement])
            try await Self.expectOrderlyEnd(of: first[0])
            await late.close()
            try await Task.sleep(for: .milliseconds(800))
            end.open()
            let calls = await load.value
            let errors = calls.compactMap(\.error)
            print("node drain: \(calls.count) calls, \(errors.count) failed")
            #expect(errors.isEmpty, "\(errors.count) of \(calls.count): \(errors.first as Any)")
            for server in [first[1], replacement] {
                server.terminate()
                try await Self.expectOrderlyEnd(of: server)
            }
        }
    }

    @Test("a second SIGTERM ends the endpoint delay; the exit is orderly")
    func secondSignal() async throws {
        let server = try await BenchProcess(endpointDelay: 60, grace: 60)
        let start = ContinuousClock.now
        server.terminate()
        try await Task.sleep(for: .milliseconds(300))
        server.terminate()
        try await Self.expectOrderlyEnd(of: server)
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
