import ArgumentParser
import Foundation

/// Ten thousand payments end to end, as a benchmark.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Replays simulated payments as fast as they are decided; prints rate and latency."
    )

    @OptionGroup var place: WorkspaceOptions
    @OptionGroup var replay: ReplayOptions

    @Option(help: "Payments that are sent before the measured ones.")
    var warmUp = 1000

    @Flag(help: "Look every decision up again afterwards.")
    var verify = false

    func run() async throws {
        let line = LiveLine()
        let connection = try GatewayConnection(place.workspace, key: .demo)
        // High seeds are far from those of the main job.
        let seed = replay.seed ?? UInt64.random(in: 1 << 32 ... .max)
        if warmUp > 0 {
            var before = replay.settings(seed: seed &+ 1, explain: .none)
            before.payments = warmUp
            try await PaymentReplay(connection, before).run()
        }
        let measured = try PaymentReplay(connection, replay.settings(seed: seed, explain: .none))
        let seconds = try await ReplayProgress(replay: measured, line: line).run()
        let tally = measured.snapshot
        func milliseconds(_ share: Double) -> String {
            String(format: "%.2f", Double(tally.latency.quantile(share)) / 1000)
        }
        line.say(
            "payments=\(tally.decided) seconds=\(String(format: "%.3f", seconds)) "
                + "decisions_per_second=\(Int(Double(tally.decided) / seconds)) "
                + "p50_ms=\(milliseconds(0.5)) p95_ms=\(milliseconds(0.95)) "
                + "p99_ms=\(milliseconds(0.99)) max_ms=\(milliseconds(1)) "
                + "in_flight=\(replay.concurrency) "
                + "retried=\(tally.retried.values.reduce(0, +)) degraded=\(tally.degraded)")
        if verify {
            let missing = try await measured.verify()
            line.say("verified=\(tally.decided - missing.count) missing=\(missing.count)")
            if !missing.isEmpty { throw ExitCode(1) }
        }
        await connection.transport.close()
    }
}
