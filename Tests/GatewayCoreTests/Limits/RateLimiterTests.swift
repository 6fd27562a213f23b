import Synchronization
import Testing

@testable import GatewayCore

@Suite("The limiter in front of its store")
struct RateLimiterTests {
    private typealias Scene = LimitFixtures.Scene

    @Test("the store's word holds: 100 of 105 pass, and the rest are told how long to wait")
    func burst() throws {
        let scene = Scene()
        let question = LimitFixtures.question([LimitFixtures.rule(100)])
        let decisions = try (0..<105).map { _ in try scene.decide(question) }
        #expect(decisions.prefix(100).allSatisfy { $0.isAdmitted && $0.source == .store })
        #expect(decisions[41].tightest?.remaining == 58)
        for decision in decisions.suffix(5) {
            #expect(decision.outcome == .limited(.client, wait: 600_000_000))
            #expect(decision.tightest?.untilFull == 60_000_000_000)
        }
        // One refusal of the store is enough for all of them.
        #expect(scene.store.orders.count == 101)
        #expect(decisions[104].source == .refusals)
        #expect(scene.store.budgets.allSatisfy { $0 > 0 && $0 < 2_000_000 })
    }

    @Test("a refusal is repeated until its wait is over, and shortens meanwhile")
    func refusals() throws {
        let scene = Scene()
        let question = LimitFixtures.question([LimitFixtures.rule(60, burst: 1)])
        #expect(try scene.decide(question).isAdmitted)
        #expect(try scene.decide(question).outcome == .limited(.client, wait: 1_000_000_000))
        scene.pass(400_000_000)
        let repeated = try scene.decide(question)
        #expect(repeated.outcome == .limited(.client, wait: 600_000_000))
        #expect(repeated.tightest?.untilFull == 600_000_000)
        scene.pass(599_999_000)
        #expect(try scene.decide(question).source == .refusals)
        scene.pass(1_000)
        #expect(try scene.decide(question).isAdmitted)
        #expect(scene.store.orders.count == 3)
    }

    @Test("a new plan clears refusals; another method and another caller are asked for themselves")
    func otherKeys() throws {
        let scene = Scene()
        let small = LimitFixtures.question([LimitFixtures.rule(60, burst: 1)])
        _ = try scene.decide(small)
        #expect(try !scene.decide(small).isAdmitted)
        #expect(
            try scene.decide(LimitFixtures.question([LimitFixtures.rule(120, burst: 3)]))
                .isAdmitted)
        let other = LimitFixtures.question([LimitFixtures.rule(60, burst: 1)], caller: "key2")
        #expect(try scene.decide(other).isAdmitted)
    }

    @Test("the tightest rule is told: the one with the fewest further calls")
    func tightest() throws {
        let scene = Scene()
        let rules = [
            LimitFixtures.rule(1_000, level: .tenant, counts: true), LimitFixtures.rule(150),
            LimitFixtures.rule(400, level: .method),
        ]
        let decision = try scene.decide(LimitFixtures.question(rules, cost: 5))
        #expect(decision.tightest?.rule == 1 && decision.tightest?.remaining == 149)
        for _ in 0..<198 { _ = try scene.decide(LimitFixtures.question(rules, cost: 5)) }
        let last = try scene.decide(LimitFixtures.question(rules, cost: 5))
        #expect(last.outcome != .admitted && last.tightest?.rule == 1)
    }

    @Test("a refused call spends nothing at any level")
    func nothingSpent() throws {
        let scene = Scene()
        let tenant = LimitFixtures.rule(100, level: .tenant)
        let narrow = LimitFixtures.question([tenant, LimitFixtures.rule(5)])
        #expect(try scene.admitted(narrow, of: 50) == 5)
        let wide = LimitFixtures.question([tenant, LimitFixtures.rule(200)], caller: "key2")
        #expect(try scene.admitted(wide, of: 200) == 95)
        // The same without a store.
        let limits = GatewayLimits(capacity: 16, seed: 1)
        #expect((0..<50).count { _ in limits.rates.decideHere(narrow, now: 9).isAdmitted } == 5)
        #expect((0..<200).count { _ in limits.rates.decideHere(wide, now: 9).isAdmitted } == 95)
    }

    @Test("a shadow rule is charged, counted and never refuses", arguments: [true, false])
    func shadow(hasStore: Bool) throws {
        let scene = Scene()
        let question = LimitFixtures.question([
            LimitFixtures.rule(50), LimitFixtures.rule(5, level: .method, isShadow: true),
        ])
        let limiter = hasStore ? scene.limiter : GatewayLimits(capacity: 16, seed: 1).rates
        let admitted = try (0..<60).count { _ in
            hasStore
                ? try scene.decide(question).isAdmitted
                : limiter.decideHere(question, now: 9).isAdmitted
        }
        #expect(admitted == 50)
        let blocked = limiter.counters.all.first { $0.result == "would_block" }
        #expect(blocked?.rule == "method" && blocked?.count == 45)
        let refused = limiter.counters.all.filter { $0.result == "refused" }
        #expect(refused.reduce(0) { $0 + $1.count } == 10)
    }

    @Test("without an answer the share decides: five in a row, then nobody is asked")
    func breaker() throws {
        let scene = Scene(replicas: 4)
        scene.store.isBroken.store(true, ordering: .relaxed)
        let question = LimitFixtures.question([LimitFixtures.rule(100)])
        #expect(try scene.admitted(question, of: 200) == 25)
        #expect(scene.store.orders.count == 5 && scene.limiter.storeState == 1)
        // A probe after the pause, one alone; it fails, and the next comes later.
        scene.pass(301_000_000)
        _ = try scene.decide(question)
        #expect(scene.store.orders.count == 6)
        scene.pass(301_000_000)
        _ = try scene.decide(question)
        #expect(scene.store.orders.count == 6)
        scene.pass(300_000_000)
        scene.store.isBroken.store(false, ordering: .relaxed)
        #expect(try scene.decide(question).source == .store)
        #expect(scene.store.orders.count == 7 && scene.limiter.storeState == 0)
    }

    @Test("the share begins where the store's word left the caller")
    func shareGoesOn() throws {
        let scene = Scene(replicas: 2)
        let question = LimitFixtures.question([LimitFixtures.rule(100)])
        for _ in 0..<60 { _ = try scene.decide(question) }
        scene.store.isBroken.store(true, ordering: .relaxed)
        // 40 are left, of which this replica has half.
        #expect(try scene.admitted(question, of: 100) == 20)
    }

    @Test("on_store_failure: deny refuses with its own reason, allow lets pass, each for its rule")
    func storeFailure() throws {
        let scene = Scene()
        scene.store.isBroken.store(true, ordering: .relaxed)
        let denied = LimitFixtures.question([
            LimitFixtures.rule(100, level: .tenant), LimitFixtures.rule(100, failure: .deny),
        ])
        #expect(try scene.decide(denied).outcome == .unavailable(.client))
        let allowed = LimitFixtures.question([LimitFixtures.rule(2, failure: .allow)])
        #expect(try scene.admitted(allowed, of: 50) == 50)
        let both = LimitFixtures.question([
            LimitFixtures.rule(7, level: .tenant), LimitFixtures.rule(2, failure: .allow),
        ])
        #expect(try scene.admitted(both, of: 50) == 7)
    }

    @Test("a busy caller's tokens are taken ahead, used in order and forfeited in time")
    func leases() throws {
        let scene = Scene(leases: true)
        let question = LimitFixtures.question([LimitFixtures.rule(10_000, 1, burst: 10_000)])
        // 2,000 calls a second for a second.
        var admitted = 0
        for _ in 0..<2_000 {
            admitted += try scene.decide(question).isAdmitted ? 1 : 0
            scene.pass(500_000)
        }
        #expect(admitted == 2_000)
        let leases = scene.store.orders.filter { $0.want > 1 }
        #expect(leases.count > 20 && scene.store.orders.count < 130)
        #expect(leases.allSatisfy { $0.want <= 10_000 / 4 })
        let before = scene.store.orders.count
        scene.pass(150_000_000)
        #expect(try scene.decide(question).source == .store)
        #expect(scene.store.orders.count == before + 1)
    }

    @Test("a plan that is slower than leases are for loses nothing of its burst")
    func slowPlan() throws {
        let scene = Scene(leases: true)
        // 500 calls a second for a while, and then none for as long as a lease would live.
        let question = LimitFixtures.question([LimitFixtures.rule(100)])
        var admitted = 0
        for call in 0..<105 {
            admitted += try scene.decide(question).isAdmitted ? 1 : 0
            scene.pass(call == 60 ? 150_000_000 : 2_000_000)
        }
        #expect(admitted == 100 && scene.store.orders.allSatisfy { $0.want == 1 })
    }

    @Test("calls that come while tokens are on their way wait for them")
    func waiting() throws {
        let scene = Scene(leases: true)
        // 16 tokens at most in one lease.
        let rest = LimitFixtures.question([LimitFixtures.rule(900, 1, burst: 64)], caller: "hot")
        for _ in 0..<8 { _ = try scene.decide(rest) }
        scene.store.isSlow.store(true, ordering: .relaxed)
        let before = scene.store.orders.count
        let outcomes = Mutex<[RateLimitDecision]>([])
        for _ in 0..<100 {
            let decision = scene.limiter.decide(rest, now: scene.now) { decision in
                outcomes.withLock { $0.append(decision) }
            }
            if let decision { outcomes.withLock { $0.append(decision) } }
        }
        var rounds = 0
        while outcomes.withLock(\.count) < 100, rounds < 50 {
            scene.store.answerHeld()
            rounds += 1
        }
        #expect(outcomes.withLock { $0.count { $0.isAdmitted } } == 56)
        #expect(outcomes.withLock(\.count) == 100)
        #expect(scene.store.orders.count - before < 20)
    }

    @Test("a store that never answers a lease leaves nobody waiting")
    func lostLease() throws {
        let scene = Scene(leases: true)
        let question = LimitFixtures.question([LimitFixtures.rule(5_000, 1)], caller: "hot")
        for _ in 0..<20 { _ = try scene.decide(question) }
        scene.store.isSlow.store(true, ordering: .relaxed)
        scene.store.isBroken.store(true, ordering: .relaxed)
        scene.pass(200_000_000)
        let outcomes = Mutex(0)
        for _ in 0..<30 {
            if scene.limiter.decide(
                question, now: scene.now, { _ in outcomes.withLock { $0 += 1 } }) != nil
            {
                outcomes.withLock { $0 += 1 }
            }
        }
        for _ in 0..<40 { scene.store.answerHeld() }
        #expect(outcomes.withLock { $0 } == 30)
    }

    @Test("names that are not safe are replaced by their hashes in the store's keys")
    func keys() {
        let rules = LimitRule.Level.allCases.map { LimitFixtures.rule(5, level: $0) }
        let plain = LimitFixtures.question(rules, caller: "k7a2", method: 0xAB12)
        let names = LimitRule.Level.allCases.map {
            String(decoding: StoreKey.bytes(plain, $0), as: UTF8.self)
        }
        #expect(
            names == [
                "assay:rl1:{bank}:t", "assay:rl1:{bank}:k:k7a2",
                "assay:rl1:{bank}:k:k7a2:m:0000ab12",
            ])
        for bad in ["", "a:b", "{x}", "Jörg", "a b", String(repeating: "x", count: 65)] {
            let question = LimitFixtures.question(rules, caller: bad, tenant: bad)
            let key = String(decoding: StoreKey.bytes(question, .client), as: UTF8.self)
            let parts = key.dropFirst("assay:rl1:{".count).split(separator: "}:k:")
            #expect(parts.count == 2 && parts[0] == parts[1] && parts[0].count == 27)
            #expect(parts[0].first == "~" && parts[0].allSatisfy { $0 != "{" && $0 != ":" })
        }
    }
}
