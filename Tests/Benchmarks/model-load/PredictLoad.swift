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

    /// Calls beyond so many under way are not begun: the rate cannot be kept.
    private static let maximumOpen = 2_048

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

    /// Rows leave at their times, whether or not earlier ones have their answers: in a burst on each
    /// connection twice a millisecond, as timers of each row's own would be most of the load.
    /// Latencies count from when a burst was due.
    func open(rate: Double, for duration: Duration) async throws -> LoadWindow {
        let meter = ProcessorMeter(server)
        let share = rate / Double(lanes.count)
        var window = try await withThrowingTaskGroup(of: LoadWindow.self) { group in
            for (number, lane) in lanes.enumerated() {
                group.addTask(executorPreference: lane.executor) {
                    try await leave(lane, number, rate: share, for: duration)
                }
            }
            return try await group.reduce(into: LoadWindow()) { $0.merge($1) }
        }
        meter.read(into: &window)
        return window
    }

    private static let burstInterval = Duration.microseconds(500)

    private func leave(
        _ lane: Lane, _ number: Int, rate: Double, for duration: Duration
    ) async throws -> LoadWindow {
        let tally = LaneTally()
        // The connections' bursts do not fall together.
        let start = ContinuousClock.now + Self.burstInterval / lanes.count * number
        let perBurst = rate * (Self.burstInterval / .seconds(1))
        var sent = 0
        for burst in 0..<Int(duration / Self.burstInterval) {
            let due = start + Self.burstInterval * burst
            let pause = ContinuousClock.now.duration(to: due)
            if pause > .zero { try await Self.pause(pause, lane) }
            while Double(sent) < perBurst * Double(burst + 1) {
                begin(lane, requests[(number * 131 + sent) % requests.count], due, tally)
                sent += 1
            }
        }
        while tally.open > 0 { try await Self.pause(.milliseconds(1), lane) }
        return tally.window
    }

    private static func pause(_ duration: Duration, _ lane: Lane) async throws {
        try await lane.loop.scheduleTask(in: TimeAmount(duration)) {}.futureResult.get()
    }

    private func begin(
        _ lane: Lane, _ request: AssayModelsV1.PredictRequest, _ due: ContinuousClock.Instant,
        _ tally: LaneTally
    ) {
        guard tally.open < Self.maximumOpen else {
            tally.window.note(RPCError(.unavailable, "the rate cannot be kept"))
            return
        }
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

/// Counts the calls of one connection.
//
// Unchecked: all that is done to it is done on the connection's event loop.
private final class LaneTally: @unchecked Sendable {
    var open = 0
    var window = LoadWindow()
}
