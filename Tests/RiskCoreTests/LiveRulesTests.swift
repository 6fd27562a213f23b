import AssayMessages
import RPC
import Testing

@testable import RiskCore

@Suite("The rules that decide")
struct LiveRulesTests {
    @Test("what a rule did is counted since the process started, over changes of the set")
    func counts() async throws {
        let harness = try RiskHarness()
        let live = harness.service.live
        harness.fakes.script.withLock { $0.features["acct_txn_cnt_1h"] = 9 }
        _ = try await harness.assess(RiskHarness.payment("r-1"))
        live.publish(
            RuleSnapshot(
                rules: try Repository.shippedRules(), policy: try Repository.policy("default"),
                generation: 2))
        _ = try await harness.assess(RiskHarness.payment("r-2"))
        harness.fakes.script.withLock { $0.features["acct_txn_cnt_1h"] = 0 }
        _ = try await harness.assess(RiskHarness.payment("r-3"))
        // A retry decides nothing.
        _ = try await harness.assess(RiskHarness.payment("r-3"))

        let counts = live.counts()
        let velocity = try #require(counts["VEL-001"])
        #expect(velocity.hits == 2)
        #expect(velocity.noHits == 1)
        #expect(velocity.notEvaluated + velocity.errors + velocity.skipped == 0)
        let applying = Set(live.current.rules.rules.filter { $0.industries == nil }.map(\.id))
        for (id, count) in counts where applying.contains(id) {
            let all =
                count.hits + count.noHits + count.notEvaluated + count.errors + count.skipped
            // A rule of an industry does not meet payments of others.
            #expect(all == 3 || all == 0, "\(id)")
        }
    }

    @Test("a call that has begun ends with the set it began with")
    func oneSet() throws {
        let rules = try Repository.shippedRules()
        let policy = try Repository.policy("default")
        let live = LiveRules(RuleSnapshot(rules: rules, policy: policy))
        let began = live.current
        live.publish(RuleSnapshot(rules: rules, policy: policy, generation: 2))
        #expect(began.generation == 1)
        #expect(live.current.generation == 2)
        #expect(live.replacedCount == 1)
        withExtendedLifetime(began) {}
    }

    @Test("a replaced set goes once no call has it any more, and what it counted stays")
    func freed() async throws {
        let rules = try Repository.shippedRules()
        let policy = try Repository.policy("default")
        let live = LiveRules(RuleSnapshot(rules: rules, policy: policy))
        var run = RuleRun()
        run.entries = [RuleRun.Entry(rule: 0, verdict: .hit)]
        live.current.counters.count(run, industry: "default", at: 0, only: nil)
        live.publish(RuleSnapshot(rules: rules, policy: policy, generation: 2))
        for _ in 0..<2_000 where live.replacedCount > 0 {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(live.replacedCount == 0)
        #expect(live.counts()[rules.rules[0].id]?.hits == 1)
    }
}
