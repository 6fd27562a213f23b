import Foundation
import NIOCore
import NIOPosix
import RPC
import Redis
import TestSupport
import Testing

@testable import GatewayCore

/// The script in a real Redis. `ASSAY_LIMIT_DECISIONS` sets how many decisions are compared.
@Suite(
    "The script of the limits", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(5)))
struct RateLimitScriptTests {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

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

    private struct Question {
        var order: StoreOrder
        var now: Int64
    }

    /// A rate out of all that a configuration accepts, often such as are hard to divide.
    private func rule(_ key: String, _ random: inout TestRandom) throws -> LimitRule {
        while true {
            let seconds = [1, 1, 2, 60, 3_600, 86_400, 2_678_400].randomElement(using: &random)!
            let largest = Int(min(seconds * 1_000_000, 1_000_000_000))
            let limit =
                Bool.random(using: &random)
                ? Int.random(in: 1...100, using: &random)
                : Int.random(in: 1...largest, using: &random)
            let burst = Int.random(in: 1...1_000, using: &random)
            guard
                let rate = RateLimit(limit: limit, period: .seconds(Int64(seconds)), burst: burst)
            else { continue }
            return LimitRule(level: .client, rate: rate)
        }
    }

    private func question(_ now: Int64, _ random: inout TestRandom) throws -> Question {
        var rules: [StoreOrder.Rule] = []
        let isLease = Int.random(in: 0..<3, using: &random) == 0
        var want = isLease ? Int.random(in: 2...2_000, using: &random) : 1
        for name in ["a", "b", "c", "d", "e"].shuffled(using: &random)
            .prefix(.random(in: 1...3, using: &random))
        {
            let rule = try rule(name, &random)
            let cost = Int64(min(rule.rate.burst, .random(in: 1...20, using: &random)))
            let step = cost * rule.period
            guard step <= StoreOrder.largestProduct else { continue }
            want = min(want, max(1, Int(StoreOrder.largestProduct / step) - 1))
            let charge = (step + rule.limit - 1) / rule.limit
            rules.append(
                StoreOrder.Rule(
                    key: Array(name.utf8), step: step, limit: rule.limit,
                    depth: max(rule.depth, charge),
                    reach: Bool.random(using: &random)
                        ? nil : .random(in: 0...20_000_000_000, using: &random),
                    isEnforced: Int.random(in: 0..<6, using: &random) > 0))
        }
        let least = want > 4 && Int.random(in: 0..<4, using: &random) == 0 ? 3 : 1
        return Question(order: StoreOrder(rules: rules, least: least, want: want), now: now)
    }

    @Test(
        "grants, waits and stored values are those of exact integers: leases, shadow rules, changed plans and clocks that jump included"
    )
    func oracle() async throws {
        let server = try await RedisServer.start()
        let script = try ScriptWithClock.make()
        let connection = try await connect(server, [script])
        let wanted =
            ProcessInfo.processInfo.environment["ASSAY_LIMIT_DECISIONS"].flatMap { Int($0) }
            ?? 6_000
        let seed: UInt64 = 8
        var random = TestRandom(state: seed)
        var oracle = ScriptOracle()
        var now: Int64 = 1_800_000_000_000_000
        var (done, leases, refusals) = (0, 0, 0)
        let keys = ["a", "b", "c", "d", "e"].map { Array($0.utf8) }
        while done < wanted {
            var questions: [Question] = []
            while questions.count < 200 {
                switch Int.random(in: 0..<40, using: &random) {
                case 0: now -= .random(in: 0...3_600_000_000, using: &random)
                case 1: now += .random(in: 0...3_600_000_000, using: &random)
                case 2...9: now += .random(in: 0...20_000_000, using: &random)
                case 10...20: now += .random(in: 0...2_000, using: &random)
                default: break
                }
                let question = try question(now, &random)
                if !question.order.rules.isEmpty { questions.append(question) }
            }
            let reads = keys.map { RedisCommand("GET", key: $0) }
            // All stored values are compared after each decision.
            let commands = questions.flatMap {
                [ScriptWithClock.command(script, $0.order, at: $0.now)] + reads
            }
            let replies = try await connection.send(commands)
            for (index, question) in questions.enumerated() {
                let expected = oracle.take(question.order, at: Int128(question.now))
                let at = index * (1 + reads.count)
                let reply = StoreReply(replies[at], to: question.order)
                let stored = replies[(at + 1)..<(at + 1 + reads.count)].map(\.text)
                guard reply == expected, stored == keys.map({ oracle.stored[$0].map { "\($0)" } })
                else {
                    Issue.record(
                        "seed \(seed), decision \(done + index): \(question) gives \(replies[at]), expected \(expected); stored \(stored), expected \(oracle.stored)"
                    )
                    return
                }
                leases += expected.granted > 1 ? 1 : 0
                refusals += expected.refused == nil ? 0 : 1
            }
            done += questions.count
        }
        #expect(
            leases > done / 50 && refusals > done / 20, "\(leases) leases, \(refusals) refusals")
        await connection.close()
        await server.kill()
    }

    @Test("a key lives until it says no more than no key")
    func expiry() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server, [.rateLimit])
        let order = StoreOrder(
            rules: [
                StoreOrder.Rule(
                    key: Array("k".utf8), step: 60_000_000, limit: 100, depth: 60_000_000,
                    isEnforced: true)
            ])
        let command = RedisScript.rateLimit.command(
            keys: [order.rules[0].key],
            ["1", "1", "60000000", "100", "60000000", "1", "60000000"].map { Array($0.utf8) })
        let replies = try await connection.send([
            command, command, RedisCommand("PTTL", "k"), RedisCommand("TIME"),
            RedisCommand("GET", "k"),
        ])
        #expect(StoreReply(replies[0], to: order)?.rules[0].untilFull == 600_000)
        let life = try #require(replies[2].integer)
        #expect(life > 1_000 && life <= 1_200)
        let time = try #require(replies[3].elements?.compactMap { $0.text.flatMap { Int64($0) } })
        let value = try #require(replies[4].text.flatMap { Int64($0) })
        #expect(value > time[0] * 1_000_000 + time[1])
        await connection.close()
        await server.kill()
    }

    @Test(
        "what somebody else has stored lets nobody pass for ever",
        arguments: ["nan", "inf", "-inf", "1e300", "0x7fffffffffffffff", "abc", ""])
    func garbage(_ value: String) async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server, [.rateLimit])
        _ = try await connection.send(RedisCommand("SET", "k", value))
        let command = RedisScript.rateLimit.command(
            keys: [Array("k".utf8)],
            ["1", "1", "2678400000000", "10", "2678400000000", "1", "2678400000000"].map {
                Array($0.utf8)
            })
        let replies = try await connection.send(Array(repeating: command, count: 30))
        let admitted = replies.count { $0.elements?.first?.integer == 1 }
        #expect(admitted == (["inf", "1e300", "0x7fffffffffffffff"].contains(value) ? 0 : 10))
        await connection.close()
        await server.kill()
    }
}
