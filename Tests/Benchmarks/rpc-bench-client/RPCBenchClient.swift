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

    func validate() throws {
        guard calls > 0, concurrency > 0, rounds > 0, loops > 0, bytes >= 0 else {
            throw ValidationError("counts are positive")
        }
    }

    func run() async throws {
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
}
