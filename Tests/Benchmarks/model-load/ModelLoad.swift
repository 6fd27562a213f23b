import ArgumentParser
import Foundation
import NIOPosix
import TestSupport

/// Single rows through RPC to a real assay-models on this machine: how many it answers, and how fast.
@main
struct ModelLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model-load",
        abstract: "Sends single rows to a real assay-models, and prints what they took.")

    @Option(help: "The assay-models to measure; beside this program by default.")
    var server: String?

    @Option(help: "Connections of the load.")
    var connections = 4

    @Option(help: "Rows under way on each connection.")
    var outstanding = 32

    @Option(help: "Event loops of the load.")
    var loops = 2

    @Option(help: "Seconds of each round.")
    var seconds = 5

    @Option(help: "Rounds; each prints a line, and the median rate is printed.")
    var rounds = 5

    @Option(help: "Rows a second of open load, instead of as many as are answered.")
    var rate: Double?

    @Option(
        help:
            "Moves of the alias at half of what can be answered (or at --rate), between windows without."
    )
    var swaps: Int?

    @Option(help: "Moves of the alias a second, with --swaps.")
    var pace = 2.0

    @Option(help: "With --swaps: a new version before each so manieth move; 0: none.")
    var perVersion = 10

    @Option(
        help:
            "Windows with a starved shadow of every call at half of what can be answered (or at --rate), between windows without."
    )
    var shadows: Int?

    @Option(help: "Versions that are loaded and let go, one after the other.")
    var cycles: Int?

    @Option(help: "Versions that are registered before the process is started again, and timed.")
    var versions: Int?

    @Option(help: "Trees of the model.")
    var trees = 100

    @Option(help: "Depth of its trees.")
    var depth = 6

    @Option(help: "Inputs of the model.")
    var inputs = 40

    @Option(help: "What the model is made from.")
    var seed: UInt64 = 1

    @Flag(help: "Speak mutual TLS, as between services.")
    var tls = false

    func validate() throws {
        guard connections > 0, outstanding > 0, loops > 0, seconds > 0, rounds > 0, inputs > 0,
            (1...100_000).contains(trees), (1...12).contains(depth), (rate ?? 1) > 0,
            (swaps ?? 1) > 0, pace > 0, perVersion >= 0, (shadows ?? 1) > 0, (cycles ?? 100) >= 100
        else {
            throw ValidationError("counts are positive; depth is at most 12, --cycles at least 100")
        }
    }

    private static let model = "bench"

    func run() async throws {
        var process = try await ModelsProcess(program, tls: tls)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let forest = SeededForest(trees: trees, depth: depth, inputs: inputs, seed: seed)
        let ownGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let administrator = try Administrator(process, model: Self.model, ownGroup)
        try await administrator.move(to: administrator.register(forest))
        let load = try await PredictLoad(
            process, model: Self.model, rows: forest.rows(1_024), connections: connections,
            group: group)
        print(
            "\(trees) trees of depth \(depth), \(inputs) inputs; \(connections) connections of "
                + "\(loops) event loops\(tls ? ", mutual TLS" : "")")
        // Caches, connections and both processes' memory.
        _ = await load.closed(outstanding: outstanding, for: .seconds(1))
        var isGood = true
        if let versions {
            try await start(&process, administrator, forest, versions)
        } else if let cycles {
            isGood = try await CycleCurve(
                administrator: administrator, forest: forest, server: process.identifier
            ).run(cycles: cycles)
        } else if let shadows {
            isGood = try await ShadowContest(
                load: load, administrator: administrator, forest: forest,
                rate: try await half(load), duration: .seconds(seconds)
            ).run(windows: shadows)
        } else if let swaps {
            isGood = try await SwapContest(
                load: load, administrator: administrator, forest: forest,
                rate: try await half(load), pace: pace, perVersion: perVersion
            ).run(swaps: swaps)
        } else {
            try await measure(load)
        }
        await load.close()
        await administrator.close()
        await process.stop()
        try await group.shutdownGracefully()
        try await ownGroup.shutdownGracefully()
        if !isGood { throw ExitCode.failure }
    }

    /// Registers versions, and times the next start.
    private func start(
        _ process: inout ModelsProcess, _ administrator: Administrator, _ forest: SeededForest,
        _ count: Int
    ) async throws {
        let artifact = forest.artifact
        let manifest = try forest.manifest(artifact)
        let start = ContinuousClock.now
        for _ in 0..<count { _ = try await administrator.register(artifact, manifest) }
        let each = start.duration(to: .now) / .milliseconds(1) / Double(count)
        let (first, second) = (try await process.restart(), try await process.restart())
        print(
            String(
                format: "%ld versions, %.2f ms each; ready again after %.2f and %.2f s, %ld MiB",
                count, each, first / .seconds(1), second / .seconds(1),
                ProcessUsage.residentMegabytes(process.identifier)))
    }

    /// Half of what is answered, if no rate is given.
    private func half(_ load: PredictLoad) async throws -> Double {
        if let rate { return rate }
        let most = await load.closed(outstanding: outstanding, for: .seconds(seconds))
        print("as many as are answered: \(most.text)")
        return most.rate / 2
    }

    private var program: String {
        server
            ?? URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "assay-models").path
    }

    private func measure(_ load: PredictLoad) async throws {
        var windows: [LoadWindow] = []
        for round in 1...rounds {
            let window: LoadWindow
            if let rate {
                window = try await load.open(rate: rate, for: .seconds(seconds))
            } else {
                window = await load.closed(outstanding: outstanding, for: .seconds(seconds))
            }
            print("round \(round): \(window.text)")
            windows.append(window)
        }
        let rates = windows.map(\.rate).sorted()
        print(String(format: "median: %.0f predictions/s", rates[rates.count / 2]))
    }
}
