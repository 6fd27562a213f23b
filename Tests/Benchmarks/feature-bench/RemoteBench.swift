import AssayMessages
import FeatureEngine
import Foundation
import NIOCore
import NIOPosix
import RPC
import RPCTransport
import TestSupport
import Wire

extension Bench {
    /// A real assay-features on this machine: what it can take, then half of that, as an open load.
    ///
    /// - Parameters:
    ///   - rate: of the open load; then what it can take is not measured.
    ///   - trace: prints each second of the open load.
    ///   - kills: ends the service at its last event, and opens its data again.
    func remote(
        _ program: String, _ arguments: [String], rate: Double?, seconds: Int, trace: Bool,
        kills: Bool
    ) async throws {
        let server = try ServerProcess(program, arguments)
        defer { server.stop() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try RPCClient("127.0.0.1:\(server.port)", group: group)
        let client = AssayFeaturesV1.FeatureStore.Client(channel)
        let caller = RemoteCaller(
            clients: [client], references: references, load: load, loop: group.next())
        try await caller.record(history)
        var half = rate ?? 0
        if rate == nil {
            let most = await caller.closed(events: events, callers: 32, server)
            print("through RPC, 32 callers: \(most.result); the service: \(most.service)")
            Verdict.print(
                .atMost(60, "µs of CPU", "the service takes for an event", most.processor))
            half = most.result.rate / 2
        }
        let open = try await caller.open(rate: half, seconds: seconds, server)
        if trace {
            for line in open.trace { print("  \(line)") }
        }
        print(
            "through RPC, open load of \(Int(half))/s: \(open.result); the service: \(open.service)"
        )
        Verdict.print(
            .atMost(0.3, "p50", open.result.quantile(0.5)),
            .atMost(1, "p99", open.result.quantile(0.99)))
        print("the service's memory: \(server.residentMegabytes) MiB")
        await channel.close()
        try await group.shutdownGracefully()
        if kills {
            let opening = try server.killAndStart()
            print(
                "killed, and ready again after \(Result.milliseconds(opening)) ms: "
                    + String(
                        format: "%.1f s of CPU, %.0f MB written", server.processorSeconds,
                        Double(server.writtenBytes) / 1e6))
        }
    }
}

/// The process that is measured.
final class ServerProcess {
    private(set) var port = 0
    private var process = Process()
    private let program: String
    private let arguments: [String]
    private let directory = FileManager.default.temporaryDirectory
        .appending(path: "assay-feature-bench-\(UUID().uuidString)").path

    /// - Parameter hasData: whether it has a directory of its own.
    init(_ program: String, _ arguments: [String], hasData: Bool = true) throws {
        self.program = program
        self.arguments =
            arguments + [
                "--insecure", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-level",
                "error", "--endpoint-delay", "0",
            ] + (hasData ? ["--data", directory] : [])
        try start()
    }

    private func start() throws {
        let output = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        var line = ""
        while !line.hasSuffix("\n") {
            guard let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty
            else { break }
            line += String(decoding: byte, as: UTF8.self)
        }
        guard let text = line.split(separator: " ").first(where: { $0.hasPrefix("rpc=") }),
            let port = Int(text.dropFirst(4))
        else { throw RPCError(.unavailable, "\(program) did not start: \(line)") }
        self.port = port
    }

    /// Ends the process as a crash does, and starts one on the same data.
    ///
    /// - Returns: the time until it was ready.
    func killAndStart() throws -> Duration {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        process = Process()
        let began = ContinuousClock.now
        try start()
        return began.duration(to: .now)
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: directory)
    }

    var identifier: Int32 { process.processIdentifier }
    /// User and system time so far.
    var processorSeconds: Double { ProcessUsage.seconds(process.processIdentifier) }
    /// Handed to the disk so far.
    var writtenBytes: Int { ProcessUsage.writtenBytes(process.processIdentifier) }
    var residentMegabytes: Int { ProcessUsage.residentMegabytes(process.processIdentifier) }
}

/// Sends the load to a server and waits for its replies.
struct RemoteCaller {
    /// The calls take turns in these.
    let clients: [AssayFeaturesV1.FeatureStore.Client]
    let references: [AssayFeaturesV1.VectorRef]
    let load: LoadShape
    /// That of the clients' connections.
    let loop: any EventLoop

    struct Measured {
        let result: Result
        let service: String
        /// Of the service, microseconds for each event.
        let processor: Double
        /// What happened in each second of an open load.
        let trace: [String]

        init(_ outcomes: [Outcome], _ elapsed: Duration, _ used: Used, trace: [String] = []) {
            let latencies = outcomes.compactMap { try? $0.get() }
            result = Result(latencies, elapsed: elapsed)
            let events = Double(max(1, outcomes.count))
            processor = used.processor / events * 1e6
            var reasons: [String: Int] = [:]
            for case .failure(let failure) in outcomes { reasons[failure.reason, default: 0] += 1 }
            let told = reasons.sorted { $0.value > $1.value }.prefix(5)
                .map { "; \($0.value) × \($0.key)" }.joined()
            service =
                String(
                    format: "%.1f µs CPU, %.1f µs of waiting for a core and %.0f bytes written an"
                        + " event; %d of %d calls failed",
                    processor, used.waiting / events * 1e6, Double(used.written) / events,
                    outcomes.count - latencies.count, outcomes.count) + told
            self.trace = trace
        }
    }

    /// When a call was due, and what became of it.
    struct Call: Sendable {
        let due: Duration
        let outcome: Outcome

        /// Nil if it failed.
        var latency: Duration? { try? outcome.get() }
    }

    /// What the service has used.
    struct Used {
        let processor: Double
        /// For a core.
        let waiting: Double
        let written: Int

        init(_ server: ServerProcess, since before: Used? = nil) {
            waiting =
                ProcessUsage.waitingSeconds(server.identifier) - (before?.waiting ?? 0)
            processor = server.processorSeconds - (before?.processor ?? 0)
            written = server.writtenBytes - (before?.written ?? 0)
        }
    }

    /// The time a call took, or why it does not count as done.
    typealias Outcome = Swift.Result<Duration, Failure>

    struct Failure: Error {
        let reason: String
    }

    private static let options = CallOptions(
        deadline: .after(.seconds(10)),
        metadata: [
            "assay-tenant": "bench", "assay-client": "bench",
            "assay-scopes": "features.score features.ingest",
        ])

    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    /// Events of the days before now.
    func record(_ count: Int) async throws {
        let start = Self.now - Bench.past
        var random = SeededGenerator(seed: 1)
        for first in stride(from: 0, to: count, by: 500) {
            let batch = (first..<min(first + 500, count)).map { index in
                load.event(
                    "h\(index)", at: start + Bench.past * Int64(index) / Int64(count), &random)
            }
            let reply = try await clients[0].ingestEvents(
                AssayFeaturesV1.IngestEventsRequest(batchID: "b\(first)", events: batch),
                options: Self.options)
            if let bad = reply.receipts.first(where: { $0.outcome != .applied }) {
                throw RPCError(.internal, "an event of the load was not applied: \(bad)")
            }
        }
    }

    /// Made before it is sent: that costs as much as a few calls.
    private func requests(_ count: Int, _ name: String) -> [AssayFeaturesV1.ScoreEventRequest] {
        var random = SeededGenerator(seed: UInt64(name.utf8.reduce(7) { $0 * 31 + Int($1) }))
        return (0..<count).map { index in
            AssayFeaturesV1.ScoreEventRequest(
                event: load.event("\(name)\(index)", at: Self.now, &random), vectors: references)
        }
    }

    /// - Parameter turn: chooses the client.
    private func score(
        _ request: AssayFeaturesV1.ScoreEventRequest, turn: Int
    ) async -> Outcome {
        var request = request
        request.event.time = LoadShape.timestamp(Self.now)
        let sent = ContinuousClock.now
        do {
            let client = clients[turn % clients.count]
            let reply = try await client.scoreEvent(request, options: Self.options)
            guard reply.receipt.outcome == .applied else {
                return .failure(Failure(reason: "outcome \(reply.receipt.outcome)"))
            }
            return .success(sent.duration(to: .now))
        } catch {
            return .failure(Failure(reason: "\(error)"))
        }
    }

    /// Each caller sends its next event when it has its reply.
    func closed(events: Int, callers: Int, _ server: ServerProcess) async -> Measured {
        let made = (0..<callers).map { requests(events / callers, "c\($0)-") }
        let used = Used(server)
        let start = ContinuousClock.now
        let outcomes = await withTaskExecutorPreference(CallerExecutor(loop)) {
            await score(made)
        }
        return Measured(outcomes, start.duration(to: .now), Used(server, since: used))
    }

    private func score(_ made: [[AssayFeaturesV1.ScoreEventRequest]]) async -> [Outcome] {
        await withTaskGroup(of: [Outcome].self) { group in
            for (caller, requests) in made.enumerated() {
                group.addTask {
                    var outcomes: [Outcome] = []
                    for request in requests {
                        outcomes.append(await score(request, turn: caller))
                    }
                    return outcomes
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// Events leave at their times whether or not earlier ones have their replies.
    func open(rate: Double, seconds: Int, _ server: ServerProcess) async throws -> Measured {
        let made = requests(Int(rate * Double(seconds)), "o")
        let used = Used(server)
        let start = ContinuousClock.now
        let watch = Task.detached { [process = server.identifier] in
            await LoadTrace(ofProcess: process, from: start)
        }
        let outcomes = try await withTaskExecutorPreference(CallerExecutor(loop)) {
            try await score(made, rate: rate, from: start)
        }
        watch.cancel()
        return Measured(
            outcomes.map(\.outcome), start.duration(to: .now), Used(server, since: used),
            trace: await watch.value.lines(outcomes))
    }

    private func score(
        _ made: [AssayFeaturesV1.ScoreEventRequest], rate: Double,
        from start: ContinuousClock.Instant
    ) async throws -> [Call] {
        try await withThrowingTaskGroup(of: Call.self) { group in
            for (index, request) in made.enumerated() {
                let due = start + .seconds(Double(index) / rate)
                let pause = ContinuousClock.now.duration(to: due)
                if pause > .zero {
                    try await loop.scheduleTask(in: TimeAmount(pause)) {}.futureResult.get()
                }
                group.addTask {
                    let outcome = await score(request, turn: index).map { _ in
                        due.duration(to: .now)
                    }
                    return Call(due: start.duration(to: due), outcome: outcome)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
