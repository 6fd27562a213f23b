import ArgumentParser
import Foundation
import GatewayCore
import NIOPosix
import RPC
import Redis
import TestSupport

/// What a decision of the gateway's limits costs: in this process, and in a Redis beside it.
@main
struct LimitBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "limit-bench")

    @Option(help: "Seconds of each measurement.")
    var seconds = 3.0

    @Option(help: "Decisions that wait for the store at once.")
    var depth = 256

    @Option(help: "Callers that the decisions are spread over.")
    var callers = 10_000

    func run() async throws {
        local(name: "local, one rule", rules: [Self.rule(.client)])
        local(
            name: "local, three rules",
            rules: [Self.rule(.tenant), Self.rule(.client), Self.rule(.method)])
        let server = try await RedisServer.start()
        for levels in [[LimitRule.Level.client], [.tenant, .client, .method]] {
            try await store(server, levels.map(Self.rule), name: "\(levels.count) rules")
        }
        await server.kill()
    }

    /// So wide that nobody is refused: a refusal would be repeated without asking.
    private static func rule(_ level: LimitRule.Level) -> LimitRule {
        guard let rate = RateLimit(limit: 1_000_000, period: .seconds(1), burst: 1_000_000) else {
            fatalError("a rate in range")
        }
        return LimitRule(level: level, rate: rate)
    }

    private func questions(_ rules: [LimitRule]) -> [LimitQuestion] {
        (0..<callers).map { number in
            LimitQuestion(
                rules: rules, fingerprint: 1, tenant: "bank", caller: "key\(number)",
                isClient: false, method: 7, cost: 1)
        }
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    // MARK: In this process

    private func local(name: String, rules: [LimitRule]) {
        let limiter = GatewayLimits(seed: 1).rates
        let questions = questions(rules)
        var runs: [Double] = []
        for _ in 0..<9 {
            let start = Self.now()
            var (done, admitted) = (0, 0)
            while Self.now() - start < Int64(seconds * 1e9 / 9) {
                for index in 0..<1_000 {
                    let question = questions[(done + index) % questions.count]
                    admitted += limiter.decideHere(question, now: start).isAdmitted ? 1 : 0
                }
                done += 1_000
            }
            runs.append(Double(Self.now() - start) / Double(done))
            precondition(admitted > 0, "nobody was admitted")
        }
        runs.sort()
        print("\(name): \(Int(runs[4].rounded())) ns a decision (median of 9)")
    }

    // MARK: In Redis

    private func store(_ server: RedisServer, _ rules: [LimitRule], name: String) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = RedisClient(
            RedisRateLimitStore.configured(
                RedisConnection.Configuration(host: "127.0.0.1", port: server.port),
                connections: 1), group: group)
        try await client.connected(within: .seconds(10))
        for (kind, depth, leases) in [
            ("one at a time", 1, false), ("\(depth) at once", depth, false),
            ("\(depth) at once, leases, one caller", depth, true),
        ] {
            var configuration = RateLimiter.Configuration()
            // Nothing is late here: what is measured is the store.
            configuration.budget = 1_000_000_000
            configuration.leases = leases
            let limiter = RateLimiter(
                store: RedisRateLimitStore(client) { Instant(nanoseconds: UInt64(Self.now())) },
                table: RateLimitTable(seed: 1), replicas: ReplicaCount(configured: 1), seed: 1,
                configuration: configuration, clock: Self.now)
            let load = StoreLoad(
                limiter, leases ? Array(questions(rules).prefix(1)) : questions(rules),
                loop: group.next(), clock: Self.now)
            let times = await load.run(depth: depth, nanoseconds: Int64(seconds * 1e9))
            print(
                "store, \(name), \(kind): \(Int(Double(times.count) / seconds)) decisions/s, "
                    + "p50 \(times.percentile(0.5)) µs, p99 \(times.percentile(0.99)) µs")
        }
        await client.close()
        try await group.shutdownGracefully()
    }
}
