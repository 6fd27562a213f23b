import AssayMessages
import Testing
import Wire

@testable import RiskCore

@Suite struct ShadowRuleTests {
    static func pack(_ state: String) -> String {
        """
        format: assay.rules/1
        pack: extra
        version: 1
        rules:
          - id: VEL-901
            name: candidate
            when: vel.acct_cnt_1h > 3 && vel.card_cnt_1h >= 0
            score: 90
            severity: critical
            reason: VELOCITY_COUNT
            outcome: decline
            evidence: "1 in 10,000 of simulated payments"
            on_missing: review
            state: \(state)
            text: "{vel.acct_cnt_1h} payments within an hour"
            tests:
              - { given: { vel.acct_cnt_1h: 4, vel.card_cnt_1h: 0 }, expect: hit }
              - { given: { vel.acct_cnt_1h: 3 }, expect: no_hit }
              - { missing: [vel.acct_cnt_1h], expect: not_evaluated }
        """
    }

    private func decide(
        _ features: [String: Double], pack: String?
    ) async throws -> (AssayRiskV1.Decision, AssayRiskV1.DecisionRecord) {
        var script = FakeServices.Script()
        script.features = features
        let harness = try RiskHarness(script, pack: pack)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        let bytes = try #require(
            try harness.store.get([0, 0, 0, 0, 0, 0, 0, 1], in: DecisionLog.records))
        return (decision, try SealedRecord.open(bytes))
    }

    @Test("a shadow rule that holds is shown and recorded, and changes nothing")
    func hit() async throws {
        let features = ["acct_txn_cnt_1h": 9.0, "card_txn_cnt_1h": 1]
        let (without, plain) = try await decide(features, pack: nil)
        let (with, record) = try await decide(features, pack: Self.pack("shadow"))
        #expect(with.shadow.map(\.rule) == ["VEL-901"] && without.shadow.isEmpty)
        #expect(with.shadow.first?.text == "9 payments within an hour")
        #expect(record.rules.contains { $0.rule == "VEL-901" && $0.verdict == .shadowHit })
        var outcome = record.outcome
        outcome.shadow = []
        #expect(outcome == plain.outcome)
        #expect(record.noHits == plain.noHits)
        let (live, _) = try await decide(features, pack: Self.pack("live"))
        #expect(live.status == .declined && live.forcedBy == ["VEL-901"])
    }

    @Test("a shadow rule that does not hold, or cannot be evaluated, leaves no trace")
    func silent() async throws {
        for features in [["acct_txn_cnt_1h": 1.0], ["acct_txn_cnt_1h": Double.nan]] {
            let (without, plain) = try await decide(features, pack: nil)
            let (with, record) = try await decide(features, pack: Self.pack("shadow"))
            #expect(with.status == without.status && with.degraded == without.degraded)
            #expect(record.outcome == plain.outcome && record.rules == plain.rules)
        }
    }

    @Test("drafts and retired rules do not run")
    func drafts() async throws {
        for state in ["draft", "retired"] {
            let (decision, _) = try await decide(["acct_txn_cnt_1h": 9], pack: Self.pack(state))
            #expect(decision.shadow.isEmpty && decision.status == .approved)
        }
    }
}
