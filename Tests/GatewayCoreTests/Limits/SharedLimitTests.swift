import Foundation
import RPC
import Redis
import Synchronization
import TestSupport
import Testing

@testable import GatewayCore

/// Gateways that share their limits in a real Redis, against the bound that the rates state.
/// `ASSAY_LIMIT_ROUNDS` sets how many rounds of random rates and loads are run.
@Suite(
    "Limits of several gateways", .enabled(if: RedisServer.executable != nil), .serialized,
    .timeLimit(.minutes(10)))
struct SharedLimitTests {
    /// Calls from several tasks on each of the replicas for a while, as fast as random pauses let them.
    private func load(
        _ replicas: [Replica], _ question: LimitQuestion, seconds: Double, seed: UInt64
    ) async -> [Replica.Outcome] {
        let end = Replica.now + Int64(seconds * 1e9)
        return await withTaskGroup(of: [Replica.Outcome].self) { tasks in
            for (number, replica) in replicas.enumerated() {
                for task in 0..<4 {
                    tasks.addTask {
                        var random = TestRandom(state: seed &* 100 &+ UInt64(number * 10 + task))
                        var outcomes: [Replica.Outcome] = []
                        while Replica.now < end {
                            let outcome = await replica.decide(question)
                            outcomes.append(outcome)
                            // Who is refused comes back early, sometimes at once.
                            let pause = Int.random(in: 0..<4, using: &random)
                            if !outcome.isAdmitted || pause == 0 {
                                try? await Task.sleep(for: .microseconds(pause * 400))
                            }
                        }
                        return outcomes
                    }
                }
            }
            return await tasks.reduce(into: []) { $0 += $1 }
        }
    }

    @Test("in every window the admitted are at most the burst and what the rate brings: 1 to 6")
    func bound() async throws {
        let rounds = ProcessInfo.processInfo.environment["ASSAY_LIMIT_ROUNDS"].flatMap { Int($0) }
        let server = try await RedisServer.start()
        for round in 0..<(rounds ?? 6) {
            let seed = UInt64(round + 1)
            var random = TestRandom(state: seed)
            let count = round % 6 + 1
            let replicas = (0..<count).map { _ in
                Replica(port: server.port, replicas: count, leases: round % 3 > 0)
            }
            for replica in replicas { try await replica.connected() }
            let limit = [40, 300, 900, 2_500].randomElement(using: &random)!
            let rule = LimitFixtures.rule(
                limit, 1, burst: .random(in: 1...limit, using: &random))
            let question = LimitFixtures.question([rule], caller: "round\(round)")
            let outcomes = await load(
                replicas, question, seconds: rounds == nil ? 0.4 : 1, seed: seed)
            let violation = WindowBound(rate: rule.rate).violation(
                outcomes, ahead: LeaseTable.leaseLife)
            #expect(violation == nil, "seed \(seed), \(count) replicas, \(rule.rate)")
            #expect(outcomes.allSatisfy { $0.decision.source != .share })
            // Nor are they fewer than the load and the rate allow.
            let admitted = outcomes.count { $0.isAdmitted }
            let offered = outcomes.count
            #expect(
                admitted >= min(offered, rule.rate.burst + limit / 3) / 3,
                "seed \(seed): \(admitted) of \(offered) under \(rule.rate)")
            print(
                "limits: \(count) replicas, \(rule.rate.limit)/s, burst \(rule.rate.burst): "
                    + "\(admitted) of \(offered)")
            for replica in replicas { await replica.close() }
        }
        await server.kill()
    }

    @Test("three replicas and thirty callers with one key get one burst together")
    func evasion() async throws {
        let server = try await RedisServer.start()
        let replicas = (0..<3).map { _ in Replica(port: server.port, replicas: 3) }
        for replica in replicas { try await replica.connected() }
        let rule = LimitFixtures.rule(100)
        let question = LimitFixtures.question([rule])
        let outcomes = await withTaskGroup(of: [Replica.Outcome].self) { tasks in
            for caller in 0..<30 {
                tasks.addTask {
                    var outcomes: [Replica.Outcome] = []
                    for _ in 0..<10 { outcomes.append(await replicas[caller % 3].decide(question)) }
                    return outcomes
                }
            }
            return await tasks.reduce(into: []) { $0 += $1 }
        }
        #expect(WindowBound(rate: rule.rate).violation(outcomes) == nil)
        #expect(outcomes.count { $0.isAdmitted } >= 100)
        for replica in replicas { await replica.close() }
        await server.kill()
    }

    @Test("the live count is known from heartbeats, and from who leaves or falls silent")
    func heartbeats() async throws {
        let server = try await RedisServer.start()
        let replicas = (0..<3).map { _ in Replica(port: server.port, replicas: 1) }
        for replica in replicas { try await replica.connected() }
        let hearts = replicas.enumerated().map { number, replica in
            ReplicaHeartbeat(replica.client, name: "r\(number)", replicas: replica.replicas)
        }
        for heart in hearts { await heart.beat() }
        for heart in hearts { await heart.beat() }
        #expect(replicas.map(\.replicas.value) == [3, 3, 3])
        await hearts[2].leave()
        await hearts[0].beat()
        #expect(replicas[0].replicas.value == 2)
        // One that was heard of seven seconds ago, and one from before the clock was set back.
        let time = try await replicas[0].client.send(RedisCommand("TIME"))
        let now = try #require(time.elements?.first?.text.flatMap { Int($0) })
        for (name, at) in [("old", now - 8), ("future", now + 3_600)] {
            _ = try await replicas[0].client.send(
                RedisCommand("ZADD", "assay:gw1:alive", "\(at)", name))
        }
        await hearts[1].beat()
        #expect(replicas[1].replicas.value == 2)
        await server.kill()
        await hearts[0].beat()
        #expect(replicas[0].replicas.value == 2, "the last count holds")
        for replica in replicas { await replica.close() }
    }

    @Test("G7: replicas 3, 6, 2 under load, the store up, down and up again")
    func scaling() async throws {
        let server = try await RedisServer.start()
        let replicas = (0..<6).map { _ in Replica(port: server.port, replicas: 3) }
        for replica in replicas { try await replica.connected() }
        let hearts = replicas.enumerated().map { number, replica in
            ReplicaHeartbeat(replica.client, name: "r\(number)", replicas: replica.replicas)
        }
        func live(_ count: Int) async {
            for heart in hearts.dropFirst(count) { await heart.leave() }
            for _ in 0..<2 { for heart in hearts.prefix(count) { await heart.beat() } }
        }
        let rule = LimitFixtures.rule(240, 1, burst: 60)
        let question = LimitFixtures.question([rule])
        var outcomes: [Replica.Outcome] = []
        func run(_ count: Int) async -> [Replica.Outcome] {
            let found = await load(
                Array(replicas.prefix(count)), question, seconds: 0.4, seed: UInt64(count))
            outcomes += found
            return found
        }
        await live(3)
        #expect(await run(3).allSatisfy { $0.decision.source != .share })
        await live(6)
        _ = await run(6)
        await server.kill()
        let alone = await run(6)
        #expect(alone.contains { $0.decision.source == .share })
        // Nobody can tell that four have gone: the last count holds, which errs to the strict side.
        _ = await run(2)
        let again = try await server.restarted()
        for replica in replicas { try await replica.client.connected(within: .seconds(20)) }
        await live(2)
        _ = await run(2)
        #expect(replicas[0].replicas.value == 2)
        // One burst for each switch, and one for what the new Redis does not know.
        let violation = WindowBound(rate: rule.rate).violation(
            outcomes, ahead: LeaseTable.leaseLife, extra: 3 * rule.rate.burst)
        #expect(violation == nil)
        for replica in replicas { await replica.close() }
        await again.kill()
    }

    /// Replicas without an answer from the store, on a clock that the test moves.
    @Test(
        "shares add up to the rate while the store is away, and errors are bounded when n changes")
    func shares() throws {
        for seed in UInt64(1)...6 {
            var random = TestRandom(state: seed)
            let rate = try #require(
                RateLimit(
                    limit: .random(in: 60...600, using: &random), period: .seconds(60),
                    burst: .random(in: 12...60, using: &random)))
            let question = LimitFixtures.question([LimitRule(level: .client, rate: rate)])
            let counts = (0..<6).map { _ in ReplicaCount(configured: 3) }
            let limiters = counts.map {
                GatewayLimits(capacity: 64, replicas: $0, seed: seed).rates
            }
            var (alive, now, admitted) = (3, Int64(1_000_000_000), 0)
            var outcomes: [Replica.Outcome] = []
            // 3 replicas for five periods, then 6, then 2: each knows of it.
            for (phase, count) in [3, 6, 2].enumerated() {
                alive = count
                for known in counts { known.learned(alive) }
                let start = now
                outcomes = []
                while now < start + 300_000_000_000 {
                    let chosen = Int.random(in: 0..<alive, using: &random)
                    let decision = limiters[chosen].decideHere(question, now: now)
                    outcomes.append(Replica.Outcome(decision: decision, start: now, end: now))
                    now += .random(in: 0...60_000_000, using: &random)
                }
                admitted = outcomes.count { $0.isAdmitted }
                // A share that was partly used keeps its level: at most one burst more at a change.
                let violation = WindowBound(rate: rate).violation(
                    outcomes, extra: phase == 0 ? 0 : rate.burst)
                #expect(violation == nil, "seed \(seed), phase \(phase), \(rate)")
                let exact = rate.burst + rate.limit * 5
                #expect(
                    Double(admitted) >= Double(exact) * 0.8 - Double(rate.burst)
                        && Double(admitted) <= Double(exact) * 1.05 + Double(rate.burst),
                    "seed \(seed), phase \(phase): \(admitted), exact \(exact)")
            }
        }
    }
}
