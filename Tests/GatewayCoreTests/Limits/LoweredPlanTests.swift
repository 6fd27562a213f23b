import Testing

@testable import GatewayCore

/// A plan with a large burst is replaced by one with a small one.
@Suite("A plan that is lowered")
struct LoweredPlanTests {
    /// 3,600 at once, then one a second; spent, it would refuse for an hour.
    private let large = LimitFixtures.rule(60, burst: 3_600)
    private let small = LimitFixtures.rule(60, burst: 5)

    @Test("without a store a caller waits no longer than its new plan lets anybody wait")
    func alone() {
        let limits = GatewayLimits(capacity: 16, seed: 1).rates
        let (before, after) = (
            LimitFixtures.question([large]), LimitFixtures.question([small])
        )
        for _ in 0..<3_600 { #expect(limits.decideHere(before, now: 1).isAdmitted) }
        #expect(limits.decideHere(after, now: 1).outcome == .limited(.client, wait: 1_000_000_000))
        var admitted = 0
        for second in Int64(1)...60 {
            let decision = limits.decideHere(after, now: 1 + second * 1_000_000_000)
            admitted += decision.isAdmitted ? 1 : 0
        }
        #expect(admitted == 60)
    }

    @Test("so does an address whose limit is lowered")
    func address() {
        let table = RateLimitTable(capacity: 16, seed: 1)
        for _ in 0..<3_600 { #expect(table.decide(7, large.limiter, now: 1).isAdmitted) }
        #expect(table.decide(7, small.limiter, now: 1).wait == 1_000_000_000)
        var admitted = 0
        for second in Int64(1)...60 {
            let now = 1 + second * 1_000_000_000
            admitted += table.decide(7, small.limiter, now: now).isAdmitted ? 1 : 0
        }
        #expect(admitted == 60)
    }

    @Test("in the store as well, and a smaller rule under the same name takes nothing back")
    func stored() throws {
        let scene = LimitFixtures.Scene()
        let before = LimitFixtures.question([large])
        for _ in 0..<3_600 { #expect(try scene.decide(before).isAdmitted) }
        let after = LimitFixtures.question([small])
        #expect(try scene.decide(after).outcome == .limited(.client, wait: 1_000_000_000))
        scene.pass(1_000_000_000)
        #expect(try scene.decide(after).isAdmitted)

        // Two plans of one tenant: the smaller one knows how far the larger one may go.
        var shared = LimitFixtures.rule(60, burst: 5, level: .tenant)
        shared.sharedDepth = LimitFixtures.rule(60, burst: 3_600, level: .tenant).depth
        let wide = LimitFixtures.question([LimitFixtures.rule(60, burst: 3_600, level: .tenant)])
        let narrow = LimitFixtures.question([shared], caller: "other")
        for _ in 0..<1_000 { #expect(try scene.decide(wide).isAdmitted) }
        #expect(try !scene.decide(narrow).isAdmitted)
        var admitted = 0
        while try scene.decide(wide).isAdmitted { admitted += 1 }
        #expect(admitted == 2_600, "the refusal of the smaller rule gave nothing back")
    }

    @Test("rules know the deepest one under the same name, and no other")
    func depths() throws {
        let text = Fixtures.yaml.replacing(
            "default: { client: { limit: 100, period: 60s, burst: 100 } }",
            with: """
                default: { tenant: { limit: 10, period: 1s, burst: 30 }, client: { limit: 100, period: 60s, burst: 100 } }
                    deep: { tenant: { limit: 10, period: 1s, burst: 900 }, client: { limit: 100, period: 60s, burst: 5000 } }
                    joined: { client: { limit: 100, period: 60s, burst: 700, per: client } }
                """)
        let snapshot = try Fixtures.loader(["/etc/gateway.yaml": text]).load("/etc/gateway.yaml")
        let plan = try #require(snapshot.plans.first { $0.name == "default" })
        func question(_ credential: Principal.Credential) -> LimitQuestion {
            plan.limits.question(
                Principal(
                    tenant: "bank", client: "payments", keyID: "k", scopes: .none, scopeHeader: "",
                    plan: 0, isSuspended: false, credential: credential))
        }
        let own = question(.apiKey)
        #expect(own.rules.map(\.depth) == [3_000_000, 60_000_000])
        #expect(own.rules.map { $0.reach(own) } == [90_000_000, 60_000_000])
        let joined = question(.token)
        #expect(joined.rules.map { $0.reach(joined) } == [90_000_000, 420_000_000])
    }
}
