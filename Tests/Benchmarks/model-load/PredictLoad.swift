import AssayMessages
import NIOCore
import NIOPosix
import RPC
import RPCTransport
import TestSupport

/// Sends single rows over several connections.
struct PredictLoad: Sendable {
    private struct Lane: Sendable {
        let client: AssayModelsV1.ModelServing.Client
        let loop: any EventLoop
        let executor: CallerExecutor
    }

    private let server: Int32
    private let requests: [AssayModelsV1.PredictRequest]
    private let lanes: [Lane]
    private let channels: [RPCClient]

    /// Rows under way from one event loop. Those that are due beyond are late, and their latencies say
    /// so: a pause of the machine is made up for without a flood.
    private static let maximumOpen = 128

    /// - Parameter model: whose alias "champion" answers.
    init(
        _ process: ModelsProcess, model: String, rows: [[Double]], connections: Int,
        group: MultiThreadedEventLoopGroup
    ) async throws {
        server = process.identifier
        requests = rows.enumerated().map { index, row in
            .init(requestID: "load-\(index)", model: model, values: row)
        }
        let loops = Array(group.makeIterator())
        var lanes: [Lane] = []
        var channels: [RPCClient] = []
        for _ in 0..<connections {
            let channel = try process.client("assay-risk", group)
            channels.append(channel)
            await channel.warmUp()
        }
        for index in 0..<connections {
            lanes.append(
                Lane(
                    client: .init(channels[index]), loop: loops[index % loops.count],
                    executor: CallerExecutor(loops[index % loops.count])))
        }
        self.lanes = lanes
        self.channels = channels
    }

    func close() async { for channel in channels { await channel.close() } }

    // MARK: Closed

    /// Each of `outstanding` callers of each connection sends its next row when it has its answer.
    func closed(outstanding: Int, for duration: Duration) async -> LoadWindow {
        let meter = ProcessorMeter(server)
        let end = ContinuousClock.now + duration
        var window = await withTaskGroup(of: LoadWindow.self) { group in
            for (number, lane) in lanes.enumerated() {
                for caller in 0..<outstanding {
                    let first = number * 131 + caller * 17
                    group.addTask(executorPreference: lane.executor) {
                        await call(lane, from: first, until: end)
                    }
                }
            }
            return await group.reduce(into: LoadWindow()) { $0.merge($1) }
        }
        meter.read(into: &window)
        return window
    }

    private func call(
        _ lane: Lane, from first: Int, until end: ContinuousClock.Instant
    ) async -> LoadWindow {
        var window = LoadWindow()
        var number = first
        var sent = ContinuousClock.now
        while sent < end {
            do {
                _ = try await lane.client.predict(
                    requests[number % requests.count], options: Self.options)
                let done = ContinuousClock.now
                window.latencies.record(sent.duration(to: done))
                sent = done
            } catch {
                window.note(error)
                sent = .now
            }
            number += 1
        }
        return window
    }

    // MARK: Open

    /// Rows leave at their times, whether or not earlier ones have their answers: every millisecond a
    /// burst from each event loop, its connections in turn, as timers of each row's own would be most
    /// of the load. Latencies count from when a burst was due.
    func open(rate: Double, for duration: Duration) async throws -> LoadWindow {
        let meter = ProcessorMeter(server)
        let groups = Dictionary(grouping: lanes) { ObjectIdentifier($0.loop) }.values
        var window = try await withThrowingTaskGroup(of: LoadWindow.self) { group in
            for (number, lanes) in groups.enumerated() {
                // The loops' bursts do not fall together.
                let start = ContinuousClock.now + Self.burstInterval / groups.count * number
                let share = rate * Double(lanes.count) / Double(self.lanes.count)
                group.addTask(executorPreference: lanes[0].executor) {
                    try await leave(lanes, rate: share, from: start, for: duration)
                }
            }
            return try await group.reduce(into: LoadWindow()) { $0.merge($1) }
        }
        meter.read(into: &window)
        return window
    }

    private static let burstInterval = Duration.milliseconds(1)

    private func leave(
        _ lanes: [Lane], rate: Double, from start: ContinuousClock.Instant, for duration: Duration
    ) async throws -> LoadWindow {
        let tally = LaneTally()
        let perBurst = rate * (Self.burstInterval / .seconds(1))
        let total = Int(rate * (duration / .seconds(1)))
        var (sent, burst) = (0, 0)
        while sent < total {
            let pause = ContinuousClock.now.duration(to: start + Self.burstInterval * burst)
            if pause > .zero { try await Self.pause(pause, lanes[0]) }
            let passed = start.duration(to: .now) / Self.burstInterval
            let due = min(total, Int((perBurst * (passed.rounded(.down) + 1)).rounded(.up)))
            while sent < due, tally.open < Self.maximumOpen {
                let number = Int(Double(sent) / perBurst)
                begin(
                    lanes[number % lanes.count], requests[sent % requests.count],
                    start + Self.burstInterval * number, tally)
                sent += 1
            }
            burst = max(burst, Int(passed)) + 1
        }
        while tally.open > 0 { try await Self.pause(.milliseconds(1), lanes[0]) }
        return tally.window
    }

    private static func pause(_ duration: Duration, _ lane: Lane) async throws {
        try await lane.loop.scheduleTask(in: TimeAmount(duration)) {}.futureResult.get()
    }

    private func begin(
        _ lane: Lane, _ request: AssayModelsV1.PredictRequest, _ due: ContinuousClock.Instant,
        _ tally: LaneTally
    ) {
        tally.open += 1
        // Not the child of a group: that would search thousands of its kind when it ends.
        Task(executorPreference: lane.executor) {
            do {
                _ = try await lane.client.predict(request, options: Self.options)
                tally.window.latencies.record(due.duration(to: .now))
            } catch {
                tally.window.note(error)
            }
            tally.open -= 1
        }
    }

    /// A call that failed has failed: it is not made again.
    private static let options = CallOptions(allowsRetry: false)
}

/// Counts the calls of one event loop.
//
// Unchecked: all that is done to it is done on that loop.
private final class LaneTally: @unchecked Sendable {
    var open = 0
    var window = LoadWindow()
}
