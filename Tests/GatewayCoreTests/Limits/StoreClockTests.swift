import NIOCore
import NIOPosix
import Redis
import TestSupport
import Testing

@testable import GatewayCore

/// G6 of the gateway's failure tests, its second half: the clock of Redis is set.
@Suite(
    "A store whose clock is set", .enabled(if: RedisServer.executable != nil), .serialized,
    .timeLimit(.minutes(2)))
struct StoreClockTests {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private static let hour: Int64 = 3_600_000_000
    private static let start: Int64 = 1_800_000_000_000_000

    private func connect(_ server: RedisServer, _ scripts: [RedisScript]) async throws
        -> RedisConnection
    {
        var configuration = RedisConnection.Configuration(host: "127.0.0.1", port: server.port)
        configuration.scripts = scripts
        configuration.maximumInFlight = 100_000
        configuration.commandTimeout = .seconds(60)
        configuration.stallTimeout = .seconds(60)
        return try await RedisConnection.connect(configuration, on: Self.group.next())
    }

    private func order(_ rule: LimitRule, key: String) -> StoreOrder {
        StoreOrder(
            rules: [
                StoreOrder.Rule(
                    key: Array(key.utf8), step: rule.period, limit: rule.limit, depth: rule.depth,
                    isEnforced: true)
            ])
    }

    /// How many of a greedy caller's calls are admitted, by a clock that is `offset` ahead of the time
    /// that passes from then on.
    private func admitted(
        _ times: [Int64], _ rule: LimitRule, key: String, _ script: RedisScript,
        on connection: RedisConnection, offset: (_ passed: Int64) -> Int64
    ) async throws -> Int {
        let order = order(rule, key: key)
        let commands = times.map {
            ScriptWithClock.command(script, order, at: Self.start + $0 + offset($0))
        }
        let replies = try await connection.send(commands)
        return try replies.reduce(0) { sum, value in
            sum + (try #require(StoreReply(value, to: order))).granted
        }
    }

    @Test("G6: Redis' clock goes back 1 h, and forward again: at most one burst lost or gained")
    func setBack() async throws {
        let server = try await RedisServer.start()
        let script = try ScriptWithClock.make()
        let connection = try await connect(server, [script])
        for seed in UInt64(1)...24 {
            var random = TestRandom(state: seed)
            // Some bursts are worth more than the hour.
            let seconds = [1, 1, 10, 60, 3_600, 86_400].randomElement(using: &random) ?? 1
            let rate = try #require(
                RateLimit(
                    limit: .random(in: 1...50, using: &random), period: .seconds(Int64(seconds)),
                    burst: .random(in: 1...60, using: &random)))
            let rule = LimitRule(level: .client, rate: rate)
            // Asks twice as often as it earns, so that what it gets is what the limit lets it have.
            let cell = max(2, rule.period / rule.limit)
            var times: [Int64] = [0]
            for _ in 0..<500 {
                times.append(times[times.count - 1] + .random(in: 0...cell, using: &random))
            }
            let (back, forth) = (times[150], times[300])
            let straight = try await admitted(
                times, rule, key: "s\(seed)", script, on: connection
            ) { _ in 0 }
            let lost = try await admitted(
                times, rule, key: "l\(seed)", script, on: connection
            ) { $0 < back ? 0 : -Self.hour }
            #expect(
                lost <= straight && lost >= straight - rate.burst - 1,
                "seed \(seed), \(rate): \(lost) of \(straight) after the clock went back")
            let both = try await admitted(
                times, rule, key: "b\(seed)", script, on: connection
            ) { $0 < back || $0 >= forth ? 0 : -Self.hour }
            #expect(
                both <= straight + rate.burst && both >= straight - rate.burst - 1,
                "seed \(seed), \(rate): \(both) of \(straight) after the clock was set right")
            let ahead = try await admitted(
                times, rule, key: "a\(seed)", script, on: connection
            ) { $0 < back ? 0 : Self.hour }
            #expect(
                ahead >= straight && ahead <= straight + rate.burst,
                "seed \(seed), \(rate): \(ahead) of \(straight) after the clock went forward")
        }
        await connection.close()
        await server.kill()
    }

    @Test("G6: what an hour from now has left in the store costs a caller one burst, not an hour")
    func stored() async throws {
        let server = try await RedisServer.start()
        let replica = Replica(port: server.port)
        try await replica.connected()
        let rule = LimitFixtures.rule(50, 1, burst: 20)
        let question = LimitFixtures.question([rule])
        #expect(await replica.decide(question).isAdmitted)
        let clock = try await replica.client.send(RedisCommand("TIME"))
        let now = try #require(clock.elements?.compactMap { $0.text.flatMap { Int64($0) } })
        let later = now[0] * 1_000_000 + now[1] + Self.hour
        _ = try await replica.client.send(
            RedisCommand("SET", "assay:rl1:{bank}:k:key1", "\(later)"))
        let begun = Replica.now
        let first = await replica.decide(question)
        #expect(!first.isAdmitted && first.decision.source == .store)
        // It earns from now on, as after any burst.
        var admitted = 0
        while admitted < 10, Replica.now - begun < 30_000_000_000 {
            admitted += await replica.decide(question).isAdmitted ? 1 : 0
            try await Task.sleep(for: .milliseconds(1))
        }
        let earned = Int((Replica.now - begun) / 20_000_000) + 1
        #expect(admitted == 10 && admitted <= earned)
        await replica.close()
        await server.kill()
    }
}
