import ArgumentParser
import AssayMessages
import Foundation
import NIOPosix
import RPC
import RPCTransport

@main
struct RPCSoakClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-soak-client",
        abstract: "Calls all methods of bench.v1 at a steady rate, and cancels some of the calls.",
        discussion: """
            Prints a line per interval: calls that ended well, that were cancelled and that failed, and \
            the 50th and 99th percentile in microseconds of the time from when a unary call was due.
            With --rate 0 it calls as fast as it can, and prints the rate.
            """)

    @Argument(help: "What to call: host:port, or any target of a client.")
    var target: String

    @Option(help: "Calls per second; 0 for as many as there can be.")
    var rate = 1_000

    @Option(help: "Seconds to run.")
    var seconds = 60

    @Option(help: "Seconds that each line stands for.")
    var interval = 60

    @Option(help: "Calls of a hundred that are cancelled at some time.")
    var cancelPercent = 10

    @Option(help: "Calls at once with --rate 0.")
    var concurrency = 50

    @Option(help: "Start of the random numbers.")
    var seed: UInt64 = 1

    func validate() throws {
        guard rate >= 0, seconds > 0, interval > 0, concurrency > 0,
            (0...100).contains(cancelPercent)
        else { throw ValidationError("counts are positive, and percents at most 100") }
    }

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try RPCClient(target, profile: .mesh, group: group)
        await channel.warmUp()
        let tally = Tally()
        let load = MixedLoad(channel, cancelPercent: cancelPercent, seed: seed, tally: tally)
        let isSteady = rate > 0
        async let printing: Void = report(tally)
        if isSteady {
            await load.run(rate: rate, for: .seconds(seconds))
        } else {
            await load.run(concurrency: concurrency, for: .seconds(seconds))
        }
        try await printing
        await channel.close()
        try await group.shutdownGracefully()
    }

    private func report(_ tally: Tally) async throws {
        var left = seconds
        while left > 0 {
            let step = min(interval, left)
            try await Task.sleep(for: .seconds(step))
            left -= step
            let line = "\(tally.take(over: step))\n"
            try FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
        }
    }
}
