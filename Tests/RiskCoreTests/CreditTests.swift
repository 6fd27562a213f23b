import AssayMessages
import RPC
import Testing
import Wire

@testable import RiskCore

@Suite struct CreditTests {
    static func application(_ id: String = "c-1") -> AssayRiskV1.AssessCreditRequest {
        AssayRiskV1.AssessCreditRequest(
            requestID: id,
            customer: AssayRiskV1.Customer(
                customerID: "applicant-1", employmentSince: "... >= 7 years",
                residenceSinceYears: 4, housing: "own", job: "skilled employee / official",
                dependants: 1, telephone: true),
            amount: Money("1169", "DEM"), termMonths: 6,
            loan: AssayRiskV1.Loan(
                purpose: "radio/television", installmentRatePercent: 4, guarantor: "none",
                collateral: "real estate"),
            bureau: AssayRiskV1.Bureau(
                checkingStatus: "... < 0 DM", savings: "unknown/ no savings account",
                creditHistory: "critical account/ other credits existing (not at this bank)",
                existingCredits: 2, otherInstallmentPlans: "none"))
    }

    static func answer(
        _ probability: Double, _ attributions: [(String, Double)] = []
    ) -> FakeServices.Script {
        var script = FakeServices.Script()
        script.credit = AssayModelsV1.PredictResponse(
            version: 2, artifact: [UInt8](repeating: 8, count: 32), margin: [0.25],
            probability: [probability],
            explanation: AssayModelsV1.Explanation(
                attributions: attributions.map {
                    AssayModelsV1.Attribution(field: "f", reasonCode: $0.0, value: $0.1)
                }))
        return script
    }

    private func assess(
        _ script: FakeServices.Script, _ request: AssayRiskV1.AssessCreditRequest
    ) async throws -> (AssayRiskV1.Decision, RiskHarness) {
        let harness = try RiskHarness(script)
        let response = try await harness.service.assessCredit(
            request, context: RiskHarness.context())
        return (response.decision, harness)
    }

    @Test("an application becomes the model's row: numbers in order, categories by text")
    func row() async throws {
        let (_, harness) = try await assess(Self.answer(0.02), Self.application())
        let row = try #require(harness.fakes.predictions.withLock { $0 }.first)
        #expect(row.model == "credit-german" && row.explain == .reasons)
        #expect(row.selector == .alias("champion") && row.values.count == 17)
        let numbers = row.values.enumerated().filter { !$0.element.isNaN }
        #expect(numbers.map(\.offset) == [1, 4, 7, 9, 13, 15, 16])
        #expect(numbers.map(\.element) == [6, 1169, 4, 4, 2, 1, 1])
        #expect(row.texts.count == 10)
        #expect(
            row.texts.first
                == AssayModelsV1.CategoryText(field: "checking_status", text: "... < 0 DM"))
    }

    @Test("a low probability of default is approved, with points and grade")
    func approved() async throws {
        let (decision, _) = try await assess(
            Self.answer(1.0 / 51, [("CR_SAVINGS", 0.3)]), Self.application())
        let credit = try #require(decision.credit)
        #expect(decision.kind == .credit && decision.status == .approved)
        #expect(credit.points == 600 && credit.grade == "B" && credit.decision == "approved")
        #expect(credit.reasons.isEmpty && decision.reasons.map(\.code) == ["CR_SAVINGS"])
        #expect(decision.message == "Approved" && decision.riskLevel == .low)
    }

    @Test("a refusal names at most four reasons of this applicant, added by code, largest first")
    func declined() async throws {
        let attributions = [
            ("CR_SAVINGS", 0.2), ("CR_LOAN_TERM", 0.5), ("CR_SAVINGS", 0.4), ("CR_HOUSING", -0.9),
            ("CR_COLLATERAL", 0.1), ("DEFAULT_PROBABILITY", 3.0), ("CR_CONTACT", 0.05),
            ("CR_LOAN_AMOUNT", 0.01), ("", 0.7),
        ]
        let (decision, _) = try await assess(Self.answer(0.75, attributions), Self.application())
        let credit = try #require(decision.credit)
        #expect(
            decision.status == .declined && credit.decision == "declined" && credit.grade == "F")
        #expect(
            credit.reasons.map(\.code) == [
                "CR_SAVINGS", "CR_LOAN_TERM", "CR_COLLATERAL", "CR_CONTACT",
            ])
        #expect(credit.reasons.map(\.rank) == [1, 2, 3, 4])
        #expect(credit.reasons[0].customerText == "Savings.")
        #expect(decision.score == 75 && decision.message == "Declined: Low or unknown savings")
    }

    @Test("in between a person looks, and so with an application that is mostly empty")
    func referred() async throws {
        let (between, _) = try await assess(Self.answer(0.3), Self.application())
        #expect(between.credit?.decision == "refer" && between.status == .review)
        let empty = AssayRiskV1.AssessCreditRequest(
            requestID: "c-2", customer: AssayRiskV1.Customer(customerID: "a"),
            amount: Money("1000", "EUR"), termMonths: 12)
        let (thin, _) = try await assess(Self.answer(0.01), empty)
        #expect(thin.credit?.decision == "refer" && thin.degraded == ["FACTS_MISSING"])
    }

    @Test("without a model there is no credit decision, and never a default score")
    func noModel() async throws {
        var away = FakeServices.Script()
        away.modelError = RPCError(.unavailable, "away")
        let harness = try RiskHarness(away)
        let error = await #expect(throws: RPCError.self) {
            try await harness.service.assessCredit(
                Self.application(), context: RiskHarness.context())
        }
        #expect(error?.code == .unavailable && error?.reason == "MODEL_UNAVAILABLE")
        let unregistered = try RiskHarness()
        let missing = await #expect(throws: RPCError.self) {
            try await unregistered.service.assessCredit(
                Self.application(), context: RiskHarness.context())
        }
        #expect(missing?.code == .failedPrecondition)
        #expect(unregistered.log.lastSequence == 0)
    }
}
