import AssayMessages
import Foundation
import RPC
import Testing
import Wire

@testable import RiskCore

@Suite struct TransactionTests {
    @Test("an ordinary payment is approved, recorded, and found again by its id")
    func approved() async throws {
        let harness = try RiskHarness()
        let response = try await harness.assess(RiskHarness.payment())
        let decision = response.decision
        #expect(decision.status == .approved && decision.riskLevel == .low && decision.score == 0)
        #expect(!response.replayed && decision.degraded.isEmpty && decision.flags.isEmpty)
        #expect(decision.modelScore == nil && decision.modelProbability == nil)
        #expect(decision.log.sequence == 1 && decision.log.chain == "risk-test")
        #expect(decision.versions.ruleSet.count == 32 && decision.versions.policy == "default")
        let found = try await harness.service.getDecision(
            AssayRiskV1.GetDecisionRequest(decisionID: decision.decisionID),
            context: RiskHarness.context())
        #expect(found == decision)
    }

    @Test("the feature store gets the payment's event with the fields that are there")
    func event() async throws {
        let harness = try RiskHarness()
        _ = try await harness.assess(RiskHarness.payment())
        let event = try #require(harness.fakes.events.withLock { $0 }.first)
        #expect(event.id == "t-r-1" && event.type == "payment")
        #expect(
            event.fields.keys == [
                "account_currency", "account_id", "amount", "card_country", "card_id",
                "card_present", "channel", "country", "customer_id", "cvv",
                "destination_country", "ip", "ip64", "ip_country", "ip_is_tor", "ip_is_vpn",
                "type", "utc_offset",
            ])
        #expect(event.fields["channel"] == .text("mobile"))
        #expect(event.fields["card_id"] == .text("tok-1"))
        #expect(event.fields["amount"] == .amount(Money("25.00", "EUR")))
    }

    @Test("features become facts: many payments within an hour raise a flag with its text")
    func features() async throws {
        var script = FakeServices.Script()
        script.features = [
            "acct_txn_cnt_1h": 7, "acct_amt_sum_1h": 1_200_000, "card_txn_cnt_1h": 7,
        ]
        let harness = try RiskHarness(script)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        #expect(decision.flags.map(\.rule) == ["VEL-001", "VEL-007", "VEL-013"])
        #expect(decision.flags.first?.text == "7 payments of the account within an hour")
        #expect(decision.flags[1].text == "12000.00 paid from the account within an hour")
        #expect(decision.ruleScore == "45.000" && decision.status == .review)
        #expect(
            decision.reasons.map(\.code) == [
                "VELOCITY_COUNT", "VELOCITY_AMOUNT", "VELOCITY_CARD",
            ])
        #expect(decision.reasons.first?.customerText == "We could not complete this.")
        #expect(decision.message == "Hold for review: Many transactions in a short time")
    }

    @Test("the worked example of the first design: 75, critical, declined")
    func seedCompatible() async throws {
        var script = FakeServices.Script()
        script.probability = 0.9
        let seed = try Repository.policy("seed-compat")
        let harness = try RiskHarness(script, policy: seed)
        var request = RiskHarness.payment()
        request.industry = .fintech
        request.transaction.amount = Money("500000.00", "EUR")
        request.transaction.type = "withdrawal"
        request.network = AssayRiskV1.Network()
        request.claimed = AssayRiskV1.Claimed(
            accountAgeDays: 5, transactionsLastHour: 8, isVpn: true)
        let decision = try await harness.assess(request).decision
        #expect(decision.flags.map(\.rule) == ["ACC-001", "NET-001", "VEL-001"])
        #expect(decision.ruleScore == "65.875" && decision.scoreExact == "75.525")
        #expect(decision.score == 75 && decision.modelScore == 90)
        #expect(decision.riskLevel == .critical && decision.status == .declined)
        let points = decision.contributions.reduce(Int64(0)) { $0 + $1.points.coefficient }
        #expect(points == 75_525)
        // The claim was laid over the model's vector too.
        let row = try #require(harness.fakes.predictions.withLock { $0 }.first)
        let position = try #require(FakeServices.features.firstIndex(of: "acct_txn_cnt_1h"))
        #expect(row.values[position] == 8 && row.status[position] == 0)
    }

    @Test("a claim never overrules what was observed; it is dropped and listed")
    func claims() async throws {
        var script = FakeServices.Script()
        script.features = ["acct_txn_cnt_1h": 9]
        let harness = try RiskHarness(script)
        var request = RiskHarness.payment()
        request.claimed = AssayRiskV1.Claimed(transactionsLastHour: 0, isVpn: true)
        let decision = try await harness.assess(request).decision
        #expect(decision.flags.map(\.rule) == ["VEL-001"])
        #expect(decision.reasons.map(\.code) == ["VELOCITY_COUNT", "CLAIM_MISMATCH"])
        #expect(decision.reasons.last?.points == "0.000")
    }

    @Test("money of another currency is never compared with the rules' amounts")
    func currency() async throws {
        let harness = try RiskHarness()
        var request = RiskHarness.payment()
        request.transaction.amount = Money("9000000", "JPY")
        let decision = try await harness.assess(request).decision
        #expect(!decision.flags.contains { $0.rule.hasPrefix("AMT-00") })
        #expect(
            decision.missingFacts.contains { $0.fact == "tx.amount" && $0.cause == "unavailable" })
    }

    @Test("a model's probability enters the score, and a high one raises the status")
    func model() async throws {
        var script = FakeServices.Script()
        script.probability = 0.97
        let harness = try RiskHarness(script)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        #expect(decision.modelScore == 97 && decision.modelProbability == 0.97)
        #expect(decision.scoreExact == "38.800" && decision.status == .review)
        #expect(decision.reasons.map(\.code) == ["MODEL_FLOOR", "MODEL_SCORE"])
        #expect(decision.versions.model == "payment-fraud" && decision.versions.modelVersion == 3)
        var without = RiskHarness.payment("r-2")
        without.useModel = false
        let alone = try await harness.assess(without).decision
        #expect(alone.modelScore == nil && alone.status == .approved && alone.degraded.isEmpty)
    }

    @Test("a model that is not registered is not missed, and not asked again for a while")
    func missingModel() async throws {
        let harness = try RiskHarness()
        for number in 0..<3 {
            let decision = try await harness.assess(RiskHarness.payment("r-\(number)")).decision
            #expect(decision.degraded.isEmpty)
        }
        #expect(harness.fakes.predictions.withLock(\.count) == 1)
        harness.clock.milliseconds.withLock { $0 += 5_001 }
        _ = try await harness.assess(RiskHarness.payment("r-9"))
        #expect(harness.fakes.predictions.withLock(\.count) == 2)
    }

    @Test("how much of the why a reply holds is the caller's choice; the record holds all")
    func explain() async throws {
        var script = FakeServices.Script()
        script.features = ["acct_txn_cnt_1h": 9]
        let harness = try RiskHarness(script)
        var request = RiskHarness.payment()
        request.explain = .none
        let short = try await harness.assess(request).decision
        #expect(short.reasons.isEmpty && short.contributions.isEmpty && short.flags.count == 1)
        let full = try await harness.service.getDecision(
            AssayRiskV1.GetDecisionRequest(decisionID: short.decisionID),
            context: RiskHarness.context())
        #expect(full.reasons.count == 1 && full.contributions.count == 1)
        let replay = try await harness.assess(request)
        #expect(replay.replayed && replay.decision == short)
    }
}
