import ArgumentParser
import AssayMessages
import Foundation
import NIOPosix
import RPC
import RPCTransport

@main
struct RPCBenchClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-bench-client",
        abstract: "Calls bench.v1.Echo/Say as fast as it can, through our own client.")

    @Argument(help: "What to call: host:port, or any target of a client.")
    var target: String

    @Option(help: "Calls of one round.")
    var calls = 200_000

    @Option(help: "Calls in flight at once.")
    var concurrency = 50

    @Option(help: "Rounds; each prints a line.")
    var rounds = 5

    @Option(help: "Event loops.")
    var loops = 1

    @Option(help: "Bytes of a message.")
    var bytes = 200

    @Option(
        help:
            "Calls per second at even intervals, instead of as many as possible; prints their times."
    )
    var rate: Int?

    @Option(help: "With --rate: for how many seconds, after a warm-up of half a second.")
    var seconds = 3

    @Option(help: "With --rate: connections.")
    var connections = 10

    @Option(help: "With --rate: the method, as a path.")
    var path = "/bench.v1.Echo/Say"

    @Option(help: "With --rate: a further field of each request, as NAME: VALUE.")
    var header: [String] = []

    func validate() throws {
        guard rate ?? 1 > 0, seconds > 0, connections > 0 else {
            throw ValidationError("--rate, --seconds and --connections are positive")
        }
        guard calls > 0, concurrency > 0, rounds > 0, loops > 0, bytes >= 0 else {
            throw ValidationError("counts are positive")
        }
    }

    func run() async throws {
        if let rate { return try await pace(rate) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let channel = try RPCClient(target, group: group)
        let echo = BenchV1.Echo.Client(channel)
        let message = BenchV1.EchoMessage(payload: [UInt8](repeating: 7, count: bytes))
        await channel.warmUp()
        for round in 1...rounds {
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<concurrency {
                    let share = calls / concurrency + (index < calls % concurrency ? 1 : 0)
                    group.addTask {
                        for _ in 0..<share { _ = try await echo.say(message) }
                    }
                }
                try await group.waitForAll()
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            print("round \(round): \(Int(Double(calls) / seconds)) calls/s")
        }
        await channel.close()
        try await group.shutdownGracefully()
    }

    private func pace(_ rate: Int) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // What cannot be sent at once waits, however much that is: it is timed from when it was due.
        var policy = ClientPolicy.standard
        policy.maximumPending = 1_000_000
        let clients = try (0..<connections).map { _ in
            try RPCClient(target, policy: policy, group: group)
        }
        for client in clients { await client.warmUp() }
        var headers: Metadata = ["content-type": "application/grpc"]
        for field in header {
            let parts = field.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { throw ValidationError("--header is NAME: VALUE") }
            headers.append(String(parts[0]), String(parts[1].drop { $0 == " " }))
        }
        let message = EchoFrame.bytes(payload: bytes)
        let request = RawRequest(method: .post, target: path, headers: headers, body: message)
        let outcome = try await PacedLoad(
            PacedLoad.Plan(
                request: request, rate: rate, warmUp: .milliseconds(500),
                measured: .seconds(seconds)), over: clients, on: group.next()
        ).run()
        for (failure, count) in outcome.failures.sorted(by: { $0.key < $1.key }) {
            print("failed \(count): \(failure)")
        }
        let times = outcome.times
        print(
            "\(times.count) calls at \(rate)/s, p50 \(times.percentile(0.5)) µs, "
                + "p90 \(times.percentile(0.9)) µs, p99 \(times.percentile(0.99)) µs")
        for client in clients { await client.close() }
        try await group.shutdownGracefully()
        if !outcome.failures.isEmpty { throw ExitCode(1) }
    }
}

/// An `EchoMessage` as it is on the wire of gRPC, with its prefix.
private enum EchoFrame {
    static func bytes(payload count: Int) -> [UInt8] {
        var message: [UInt8] = [0x0A]
        var length = count
        while length > 127 {
            message.append(UInt8(length & 127 | 128))
            length >>= 7
        }
        message.append(UInt8(length))
        message += [UInt8](repeating: 7, count: count)
        let prefix = [0] + (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) }
        return prefix + message
    }
}
