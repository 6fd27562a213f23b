import AssayMessages
import RPC
import Testing
import Wire

@testable import RiskCore

@Suite struct ExceptionTests {
    /// When the payments of these tests happen.
    static let time: Int64 = 1_772_366_000

    private func decide(
        _ exceptions: [DecisionException], pack: String? = nil, _ probability: Double? = nil,
        tenant: String = "acme", featuresError: RPCError? = nil,
        change: (inout AssayRiskV1.AssessTransactionRequest) -> Void = { _ in }
    ) async throws -> (AssayRiskV1.Decision, AssayRiskV1.DecisionRecord) {
        var script = FakeServices.Script()
        script.features = ["acct_txn_cnt_1h": 9, "card_txn_cnt_1h": 1]
        script.probability = probability
        script.featuresError = featuresError
        let harness = try RiskHarness(
            script, pack: pack, exceptions: ExceptionTable(exceptions))
        var request = RiskHarness.payment()
        change(&request)
        let decision = try await harness.assess(request, tenant: tenant).decision
        let bytes = try #require(
            try harness.store.get([0, 0, 0, 0, 0, 0, 0, 1], in: DecisionLog.records))
        return (decision, try SealedRecord.open(bytes))
    }

    private func exception(
        _ effect: DecisionException.Effect, subject: String = "cust-1", tenant: String = "acme",
        from: Int64 = .min, until: Int64 = time + 1
    ) -> DecisionException {
        DecisionException(
            id: "p-1", tenant: tenant, subject: subject, effect: effect, from: from, until: until)
    }

    @Test("an override lets its subject through, by customer or account, and says so")
    func override() async throws {
        let held = try await decide([], 0.97).0
        #expect(held.status == .review && held.overrideID.isEmpty)
        for subject in ["cust-1", "acct-1"] {
            let (decision, record) = try await decide(
                [exception(.override, subject: subject)], 0.97)
            #expect(decision.status == .approved && decision.overrideID == "p-1")
            #expect(decision.reasons.first?.code == "OVERRIDE_APPLIED")
            #expect(decision.riskLevel == held.riskLevel && decision.score == held.score)
            #expect(AppliedExceptions(record).overrideID == "p-1")
        }
    }

    @Test("an override holds for its tenant, its subject and its time only, by the event's time")
    func bounds() async throws {
        for other in [
            exception(.override, subject: "cust-2"), exception(.override, tenant: "bank"),
            exception(.override, until: Self.time), exception(.override, from: Self.time + 1),
        ] {
            let decision = try await decide([other], 0.97).0
            #expect(decision.status == .review && decision.overrideID.isEmpty)
        }
        let first = exception(.override, from: Self.time)
        #expect(try await decide([first], 0.97).0.status == .approved)
    }

    @Test("an override of what would be approved anyway leaves no trace")
    func needless() async throws {
        let (decision, _) = try await decide([exception(.override)])
        #expect(decision.status == .approved && decision.overrideID.isEmpty)
    }

    @Test("an override never beats a forced decline, nor one that could not be ruled out")
    func forced() async throws {
        let pack = ShadowRuleTests.pack("live")
        let (decision, _) = try await decide([exception(.override)], pack: pack)
        #expect(decision.status == .declined && decision.overrideID.isEmpty)
        let blind = try await decide(
            [exception(.override)], pack: pack, featuresError: RPCError(.unavailable, "away")
        ).0
        #expect(blind.status == .review && blind.overrideID.isEmpty)
        #expect(blind.degraded == ["FEATURES_UNAVAILABLE", "FACTS_MISSING"])
    }

    @Test("an override of a degraded decision is still marked as degraded")
    func degraded() async throws {
        let decision = try await decide(
            [exception(.override)], featuresError: RPCError(.unavailable, "away")
        ).0
        #expect(decision.status == .approved && decision.overrideID == "p-1")
        #expect(decision.degraded == ["FEATURES_UNAVAILABLE"])
    }

    @Test("a snoozed rule adds nothing and forces nothing, and stands in the record as snoozed")
    func snooze() async throws {
        let rule = DecisionException.Effect.snooze(rule: "VEL-001")
        let loud = try await decide([]).0
        #expect(loud.flags.map(\.rule) == ["VEL-001"])
        let (decision, record) = try await decide([exception(rule)])
        #expect(decision.flags.isEmpty && decision.score == 0)
        #expect(record.rules.contains { $0.rule == "VEL-001" && $0.verdict == .snoozed })
        #expect(AppliedExceptions(record).snoozedRules == ["VEL-001"])
        let other = try await decide([exception(rule, subject: "cust-2")]).0
        #expect(other.flags.map(\.rule) == ["VEL-001"])
    }

    @Test("a rule that declines cannot be snoozed")
    func snoozedDecline() async throws {
        let (decision, _) = try await decide(
            [exception(.snooze(rule: "VEL-901"))], pack: ShadowRuleTests.pack("live"))
        #expect(decision.status == .declined && decision.forcedBy == ["VEL-901"])
    }

    @Test("the order in which exceptions arrive plays no part")
    func order() {
        let exceptions = (1...5).map { number in
            DecisionException(
                id: "p-\(number)", tenant: "acme", subject: "cust-1", effect: .override, until: 10)
        }
        for rotation in 0..<5 {
            let table = ExceptionTable(exceptions[rotation...] + exceptions[..<rotation])
            #expect(table.count == 5)
            #expect(table.applying(to: ["cust-1"], of: "acme", at: 9).overrideID == "p-1")
            #expect(table.applying(to: ["cust-1"], of: "acme", at: 10).overrideID.isEmpty)
        }
    }
}
