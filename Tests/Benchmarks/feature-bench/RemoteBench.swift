import AssayMessages
import FeatureEngine
import Foundation
import NIOPosix
import RPC
import RPCTransport
import Wire

extension Bench {
    /// A real assay-features on this machine: what it can take, then half of that, as an open load.
    func remote(_ program: String, _ arguments: [String], seconds: Int) async throws {
        let server = try ServerProcess(program, arguments)
        defer { server.stop() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try RPCClient("127.0.0.1:\(server.port)", group: group)
        let client = AssayFeaturesV1.FeatureStore.Client(channel)
        let caller = RemoteCaller(client: client, references: references, load: load)
        try await caller.record(history)
        let most = await caller.closed(events: events, callers: 32, server)
        print("through RPC, 32 callers: \(most.result); the service: \(most.service)")
        let rate = most.result.rate / 2
        let half = try await caller.open(rate: rate, seconds: seconds, server)
        print(
            "through RPC, open load of \(Int(rate))/s: \(half.result); the service: \(half.service)"
        )
        print("the service's memory: \(server.residentMegabytes) MiB")
        await channel.close()
        try await group.shutdownGracefully()
    }
}

/// The process that is measured.
final class ServerProcess {
    let port: Int
    private let process = Process()
    private let directory = FileManager.default.temporaryDirectory
        .appending(path: "assay-feature-bench-\(UUID().uuidString)").path

    /// - Parameter hasData: whether it has a directory of its own.
    init(_ program: String, _ arguments: [String], hasData: Bool = true) throws {
        let output = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments =
            arguments + [
                "--insecure", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-level",
                "error", "--endpoint-delay", "0",
            ] + (hasData ? ["--data", directory] : [])
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

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// User and system time so far.
    var processorSeconds: Double { ProcessUsage.seconds(process.processIdentifier) }
    var residentMegabytes: Int { ProcessUsage.residentMegabytes(process.processIdentifier) }
}

/// What another process has used so far.
enum ProcessUsage {
    /// User and system time.
    static func seconds(_ process: Int32) -> Double {
        let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        // Behind the name in parentheses: state is the third field, utime and stime are 14 and 15.
        let fields = stat.split(separator: ")").last.map { $0.split(separator: " ") } ?? []
        guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12])
        else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    static func residentMegabytes(_ process: Int32) -> Int {
        let pages = (try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return ((pages ?? 0) * sysconf(Int32(_SC_PAGESIZE))) >> 20
    }
}

/// Sends the load to a server and waits for its replies.
struct RemoteCaller {
    let client: AssayFeaturesV1.FeatureStore.Client
    let references: [AssayFeaturesV1.VectorRef]
    let load: LoadShape

    struct Measured {
        let result: Result
        let service: String

        init(_ outcomes: [Outcome], _ elapsed: Duration, _ processor: Double) {
            let latencies = outcomes.compactMap { try? $0.get() }
            result = Result(latencies, elapsed: elapsed)
            let cost = processor / Double(max(1, outcomes.count)) * 1e6
            var reasons: [String: Int] = [:]
            for case .failure(let failure) in outcomes { reasons[failure.reason, default: 0] += 1 }
            let told = reasons.sorted { $0.value > $1.value }.prefix(5)
                .map { "; \($0.value) × \($0.key)" }.joined()
            service =
                String(
                    format: "%.1f µs CPU an event; %d of %d calls failed", cost,
                    outcomes.count - latencies.count, outcomes.count) + told
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
            let reply = try await client.ingestEvents(
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

    private func score(_ request: AssayFeaturesV1.ScoreEventRequest) async -> Outcome {
        var request = request
        request.event.time = LoadShape.timestamp(Self.now)
        let sent = ContinuousClock.now
        do {
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
        let processor = server.processorSeconds
        let start = ContinuousClock.now
        let outcomes = await withTaskGroup(of: [Outcome].self) { group in
            for requests in made {
                group.addTask {
                    var outcomes: [Outcome] = []
                    for request in requests { outcomes.append(await score(request)) }
                    return outcomes
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        return Measured(
            outcomes, start.duration(to: .now), server.processorSeconds - processor)
    }

    /// Events leave at their times whether or not earlier ones have their replies.
    func open(rate: Double, seconds: Int, _ server: ServerProcess) async throws -> Measured {
        let made = requests(Int(rate * Double(seconds)), "o")
        let processor = server.processorSeconds
        let start = ContinuousClock.now
        let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
            for (index, request) in made.enumerated() {
                let due = start + .seconds(Double(index) / rate)
                if due > .now { try await Task.sleep(until: due, tolerance: .zero) }
                group.addTask {
                    await score(request).map { _ in due.duration(to: .now) }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        return Measured(
            outcomes, start.duration(to: .now), server.processorSeconds - processor)
    }
}
