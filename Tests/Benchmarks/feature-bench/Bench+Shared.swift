import AssayMessages
import FeatureCore
import FeatureEngine
import NIOPosix
import RPC
import Redis
import Wire

/// The store that several processes share, in this process and without RPC, with the Redis beside it.
extension Bench {
    /// - Parameters:
    ///   - port: of an empty Redis server on this machine.
    ///   - callers: events under way at once.
    func shared(port: Int, callers: Int) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let clock = BenchClock()
        var connection = RedisConnection.Configuration(host: "127.0.0.1", port: port)
        connection.scripts = SharedScripts.all
        connection.maximumInFlight = 16_384
        let client = RedisClient(RedisClient.Configuration(connection), group: group)
        try await client.connected()
        var configuration = SharedStoreConfiguration()
        configuration.roundTrip = .seconds(2)
        configuration.allowsVolatile = true
        let store = try await SharedFeatureStore.open(
            client, definitions: definitions, configuration: configuration,
            clock: { clock.now })
        let service = FeatureService(store)
        let background = Task { try await store.run() }
        var random = SeededGenerator(seed: 1)
        let past = (0..<history).map { index in
            load.event(
                "h\(index)", at: Self.start - Self.past + Self.past * Int64(index) / Int64(history),
                &random)
        }
        if let last = past.last { clock.set(last.time) }
        _ = try await race(service, past, vectors: [], callers: 256)
        await store.flush()
        clock.set(LoadShape.timestamp(Self.start + Int64(events)))
        let measured = (0..<events).map {
            load.event("s\($0)", at: Self.start + Int64($0), &random)
        }
        let server = try await processor(of: client)
        let own = Processor.seconds
        let result = try await race(service, measured, vectors: references, callers: callers)
        await store.flush()
        let cost = (Processor.seconds - own) / Double(events) * 1e6
        let served = (try await processor(of: client) - server) / Double(events) * 1e6
        print(
            "shared store in process, \(callers) callers: \(result)"
                + "\n  CPU an event: \(Int(cost)) µs here, \(Int(served)) µs in Redis")
        print("  " + store.activity.counts.map { "\($0.name) \($0.count)" }.joined(separator: ", "))
        background.cancel()
        await client.close()
        try await group.shutdownGracefully()
    }

    /// Sends events from several callers at once.
    private func race(
        _ service: FeatureService, _ events: [AssayFeaturesV1.Event],
        vectors: [AssayFeaturesV1.VectorRef], callers: Int
    ) async throws -> Result {
        let began = ContinuousClock.now
        let latencies = try await withThrowingTaskGroup(of: [Duration].self) { tasks in
            for caller in 0..<callers {
                tasks.addTask {
                    var latencies: [Duration] = []
                    for index in stride(from: caller, to: events.count, by: callers) {
                        let sent = ContinuousClock.now
                        let reply = try await service.scoreEvent(
                            AssayFeaturesV1.ScoreEventRequest(
                                event: events[index], vectors: vectors), context: Self.context)
                        latencies.append(sent.duration(to: .now))
                        let outcome = reply.receipt.outcome
                        guard outcome == .applied || outcome == .logged else {
                            throw RPCError(
                                .internal, "an event of the load was not applied: \(reply.receipt)")
                        }
                    }
                    return latencies
                }
            }
            return try await tasks.reduce(into: []) { $0 += $1 }
        }
        return Result(latencies, elapsed: began.duration(to: .now))
    }

    /// Seconds of the processor that the server has used.
    private func processor(of client: RedisClient) async throws -> Double {
        let info = try await client.send(RedisCommand("INFO", "cpu")).text ?? ""
        return info.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
            guard line.hasPrefix("used_cpu_sys:") || line.hasPrefix("used_cpu_user:") else {
                return sum
            }
            return sum + (Double(line.drop { $0 != ":" }.dropFirst()) ?? 0)
        }
    }
}
