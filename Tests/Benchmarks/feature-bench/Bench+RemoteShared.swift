import Foundation
import NIOPosix
import RPC
import RPCTransport
import TestSupport

extension Bench {
    /// A real assay-features over a redis-server of its own, both on this machine: what they can take,
    /// then half of that, as an open load. What the three processes use is printed for each.
    func remoteShared(
        _ program: String, _ arguments: [String], connections: Int, seconds: Int
    ) async throws {
        let redis = try await RedisProcess()
        let server = try ServerProcess(
            program,
            arguments + [
                "--redis", "redis://127.0.0.1:\(redis.port)", "--master-key", redis.keyFile,
                // A call that is late is late, not failed.
                "--redis-timeout", "2000",
            ], hasData: false)
        defer { server.stop() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channels = try (0..<connections).map { _ in
            try RPCClient("127.0.0.1:\(server.port)", group: group)
        }
        let caller = RemoteCaller(
            clients: channels.map { .init($0) }, references: references, load: load,
            loop: group.next())
        try await caller.record(history)
        var before = (redis.processorSeconds, Processor.seconds)
        let most = await caller.closed(events: events, callers: 32, server)
        print(
            "through RPC over Redis, 32 callers, \(connections) connections: \(most.result); the service: \(most.service)"
        )
        print("  \(redis.cost(since: before, events: events))")
        let rate = most.result.rate / 2
        before = (redis.processorSeconds, Processor.seconds)
        let half = try await caller.open(rate: rate, seconds: seconds, server)
        print(
            "through RPC over Redis, open load of \(Int(rate))/s: \(half.result);"
                + " the service: \(half.service)")
        print("  \(redis.cost(since: before, events: Int(rate * Double(seconds))))")
        print(
            "memory: the service \(server.residentMegabytes) MiB, Redis \(redis.residentMegabytes) MiB"
        )
        for channel in channels { await channel.close() }
        await redis.stop()
        try await group.shutdownGracefully()
    }
}

/// A redis-server with an append-only file, synced every second, as it is advised.
final class RedisProcess {
    let keyFile: String
    private let server: RedisServer
    private let directory: TemporaryDirectory

    init() async throws {
        directory = try TemporaryDirectory()
        keyFile = directory.path + "/key"
        try String(repeating: "5a", count: 32)
            .write(toFile: keyFile, atomically: true, encoding: .utf8)
        server = try await RedisServer.start {
            $0.isPersistent = true
            // A store as small as this one would be rewritten every few seconds, on one of the two
            // cores; one of the size that is served, once in hours.
            $0.arguments = [
                "--appendfsync", "everysec", "--rdbcompression", "no",
                "--auto-aof-rewrite-min-size", "8gb",
            ]
        }
    }

    /// At once: what it holds is thrown away, and asked to end it may not while it writes its file.
    func stop() async { await server.kill() }

    var port: Int { server.port }
    var processorSeconds: Double { ProcessUsage.seconds(server.process.processID) }
    var residentMegabytes: Int { ProcessUsage.residentMegabytes(server.process.processID) }

    /// - Parameter before: what this server, and the process that makes the load, had used.
    func cost(since before: (redis: Double, load: Double), events: Int) -> String {
        let events = Double(max(1, events))
        return String(
            format: "Redis: %.1f µs CPU an event; making the load: %.1f µs",
            (processorSeconds - before.redis) / events * 1e6,
            (Processor.seconds - before.load) / events * 1e6)
    }
}
