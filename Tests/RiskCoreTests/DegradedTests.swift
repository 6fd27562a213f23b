import AssayMessages
import RPC
import Testing
import Wire

@testable import RiskCore

@Suite struct DegradedTests {
    @Test("without the feature store the payment is held for review, and says why")
    func features() async throws {
        var script = FakeServices.Script()
        script.featuresError = RPCError(.unavailable, "connection refused")
        script.probability = 0.9
        let harness = try RiskHarness(script)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        #expect(decision.degraded == ["FEATURES_UNAVAILABLE"])
        #expect(decision.status == .review && decision.score == 0)
        #expect(decision.reasons.map(\.code) == ["FEATURES_UNAVAILABLE"])
        #expect(
            decision.missingFacts.contains {
                $0.fact == "vel.acct_cnt_1h" && $0.cause == "unavailable"
            })
        // Without a vector there is nothing to ask the model.
        #expect(harness.fakes.predictions.withLock(\.count) == 0)
    }

    @Test("without the feature store a worse verdict of the rules stands")
    func featuresAndRules() async throws {
        var script = FakeServices.Script()
        script.featuresError = RPCError(.deadlineExceeded, "too slow")
        let harness = try RiskHarness(script)
        var request = RiskHarness.payment()
        request.network?.isTor = true
        request.network?.country = "KP"
        request.card?.cvv = "fail"
        request.transaction.amount = Money("90000.00", "EUR")
        let decision = try await harness.assess(request).decision
        #expect(decision.status == .declined)
        #expect(decision.degraded == ["FEATURES_UNAVAILABLE"])
    }

    @Test("without the model the rules decide alone, and the decision says so")
    func model() async throws {
        var script = FakeServices.Script()
        script.modelError = RPCError(.unavailable, "away")
        script.features = ["acct_txn_cnt_1h": 9]
        let harness = try RiskHarness(script)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        #expect(decision.degraded == ["MODEL_UNAVAILABLE"])
        #expect(decision.status == .approved && decision.scoreExact == "30.000")
        #expect(decision.modelScore == nil)
        var floor = try Repository.policy("default")
        floor.modelUnavailable = DegradedFloor(.challenge)
        let strict = try RiskHarness(script, policy: floor)
        let held = try await strict.assess(RiskHarness.payment()).decision
        #expect(held.status == .challenge)
        #expect(held.reasons.map(\.code) == ["MODEL_UNAVAILABLE", "VELOCITY_COUNT"])
    }

    @Test("a probability that is none counts as no answer")
    func nonsense() async throws {
        var script = FakeServices.Script()
        script.probability = 1.5
        let harness = try RiskHarness(script)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        #expect(decision.degraded == ["MODEL_UNAVAILABLE"])
    }

    @Test("values that cannot be facts are errors, not numbers")
    func values() async throws {
        var script = FakeServices.Script()
        script.features = [
            "acct_txn_cnt_1h": 2.5, "acct_txn_cnt_24h": .infinity, "acct_amt_sum_1h": 1e300,
            "card_txn_cnt_1h": .nan,
        ]
        let harness = try RiskHarness(script)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        let causes = Dictionary(
            uniqueKeysWithValues: decision.missingFacts.map { ($0.fact, $0.cause) })
        #expect(causes["vel.acct_cnt_1h"] == "error" && causes["vel.acct_cnt_24h"] == "error")
        #expect(causes["vel.acct_sum_1h"] == "error" && causes["vel.card_cnt_1h"] == "absent")
    }

    @Test("a rule that errs is named as such, and the others count")
    func ruleError() async throws {
        let pack = """
            format: assay.rules/1
            pack: extra
            version: 1
            rules:
              - id: VEL-902
                name: burst_share
                when: vel.card_cnt_1h / vel.acct_cnt_24h > 2
                score: 30
                severity: high
                reason: VELOCITY_COUNT
                tests:
                  - { given: { vel.card_cnt_1h: 9, vel.acct_cnt_24h: 1 }, expect: hit }
                  - { given: { vel.card_cnt_1h: 1, vel.acct_cnt_24h: 1 }, expect: no_hit }
                  - { missing: [vel.card_cnt_1h], expect: not_evaluated }
            """
        var script = FakeServices.Script()
        script.features = ["acct_txn_cnt_1h": 9, "acct_txn_cnt_24h": 0, "card_txn_cnt_1h": 1]
        let harness = try RiskHarness(script, pack: pack)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        #expect(decision.degraded == ["RULE_ERROR"] && decision.status == .approved)
        #expect(decision.flags.contains { $0.rule == "VEL-001" })
        let shadow = try RiskHarness(
            script, pack: pack.replacing("score: 30", with: "state: shadow\n    score: 30"))
        let watched = try await shadow.assess(RiskHarness.payment()).decision
        #expect(watched.degraded.isEmpty)
    }

    @Test(
        "a store or a model that is away or slow is marked, whatever the error",
        arguments: [StatusCode.unavailable, .deadlineExceeded, .internal, .resourceExhausted])
    func anyError(_ code: StatusCode) async throws {
        var script = FakeServices.Script()
        script.featuresError = RPCError(code, "away")
        let blind = try await RiskHarness(script).assess(RiskHarness.payment()).decision
        #expect(blind.degraded == ["FEATURES_UNAVAILABLE"] && blind.status == .review)
        script.featuresError = nil
        script.modelError = RPCError(code, "away")
        let alone = try await RiskHarness(script).assess(RiskHarness.payment()).decision
        #expect(alone.degraded == ["MODEL_UNAVAILABLE"] && alone.modelProbability == nil)
        #expect(alone.modelConfidence == nil && alone.modelRiskFactors.isEmpty)
    }

    @Test("a log that cannot be written decides nothing")
    func log() async throws {
        let harness = try RiskHarness()
        harness.store.isBroken.withLock { $0 = true }
        let error = await #expect(throws: RPCError.self) {
            try await harness.assess(RiskHarness.payment())
        }
        #expect(error?.code == .unavailable && error?.reason == "LOG_UNAVAILABLE")
    }

    @Test("a passed deadline decides nothing")
    func deadline() async throws {
        let harness = try RiskHarness()
        let past = Deadline(Instant(nanoseconds: 5))
        let error = await #expect(throws: RPCError.self) {
            try await harness.service.assessTransaction(
                RiskHarness.payment(), context: RiskHarness.context(deadline: past))
        }
        #expect(error?.code == .deadlineExceeded)
        #expect(harness.log.lastSequence == 0)
        // The id is free again: a retry decides.
        #expect(try await harness.assess(RiskHarness.payment()).replayed == false)
    }
}
