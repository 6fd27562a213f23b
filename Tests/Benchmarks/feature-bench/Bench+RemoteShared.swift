import Foundation
import NIOPosix
import RPC
import RPCTransport

extension Bench {
    /// A real assay-features over a redis-server of its own, both on this machine: what they can take,
    /// then half of that, as an open load.
    func remoteShared(_ program: String, _ arguments: [String], seconds: Int) async throws {
        let redis = try RedisProcess()
        defer { redis.stop() }
        let server = try ServerProcess(
            program,
            arguments + [
                "--redis", "redis://127.0.0.1:\(redis.port)", "--master-key", redis.keyFile,
                // A call that is late is late, not failed.
                "--redis-timeout", "2000",
            ], hasData: false)
        defer { server.stop() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try RPCClient("127.0.0.1:\(server.port)", group: group)
        let caller = RemoteCaller(
            client: .init(channel), references: references, load: load)
        try await caller.record(history)
        var before = redis.processorSeconds
        let most = await caller.closed(events: events, callers: 32, server)
        print("through RPC over Redis, 32 callers: \(most.result); the service: \(most.service)")
        print("  Redis: \(redis.cost(since: before, events: events))")
        let rate = most.result.rate / 2
        before = redis.processorSeconds
        let half = try await caller.open(rate: rate, seconds: seconds, server)
        print(
            "through RPC over Redis, open load of \(Int(rate))/s: \(half.result);"
                + " the service: \(half.service)")
        print("  Redis: \(redis.cost(since: before, events: Int(rate * Double(seconds))))")
        print(
            "memory: the service \(server.residentMegabytes) MiB, Redis \(redis.residentMegabytes) MiB"
        )
        await channel.close()
        try await group.shutdownGracefully()
    }
}

/// A redis-server with an append-only file, synced every second, as it is advised.
final class RedisProcess {
    let port: Int
    let keyFile: String
    private let process = Process()
    private let directory = FileManager.default.temporaryDirectory
        .appending(path: "assay-feature-bench-redis-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        keyFile = directory.appending(path: "key").path
        try String(repeating: "5a", count: 32)
            .write(toFile: keyFile, atomically: true, encoding: .utf8)
        let candidates = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"]
        guard
            let program = candidates.first(where: FileManager.default.isExecutableFile(atPath:))
        else { throw RPCError(.unavailable, "redis-server is not installed") }
        port = Int.random(in: 20_000..<30_000)
        let output = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes",
            "--appendfsync", "everysec", "--dir", directory.path,
        ]
        process.standardOutput = output
        try process.run()
        var text = ""
        while !text.contains("eady to accept connections") {
            guard let bytes = try output.fileHandleForReading.read(upToCount: 1), !bytes.isEmpty
            else { throw RPCError(.unavailable, "redis-server did not start: \(text)") }
            text += String(decoding: bytes, as: UTF8.self)
        }
    }

    /// At once: what it holds is thrown away, and asked to end it may not while it writes its file.
    func stop() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }

    var processorSeconds: Double { ProcessUsage.seconds(process.processIdentifier) }
    var residentMegabytes: Int { ProcessUsage.residentMegabytes(process.processIdentifier) }

    func cost(since before: Double, events: Int) -> String {
        String(
            format: "%.1f µs CPU an event",
            (processorSeconds - before) / Double(max(1, events)) * 1e6)
    }
}
