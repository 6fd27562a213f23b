import AssayMessages
import Foundation
import Testing
import Wire

@testable import RiskCore

@Suite("Observed before profile before sent before claimed")
struct ResolutionTests {
    private func seen(_ entity: String, version: UInt64) -> AssayFeaturesV1.EntityRead {
        AssayFeaturesV1.EntityRead(entity: entity, role: "origin", version: version)
    }

    @Test("no payments of a known account are an observation; of a new one a claim wins")
    func emptyEntity() async throws {
        for (version, isClaimTaken) in [(UInt64(12), false), (0, true)] {
            var script = FakeServices.Script()
            script.probability = 0.1
            script.entities = [seen("account", version: version)]
            let harness = try RiskHarness(script)
            var request = RiskHarness.payment()
            request.claimed = AssayRiskV1.Claimed(transactionsLastHour: 8)
            let decision = try await harness.assess(request).decision
            #expect(decision.flags.contains { $0.rule == "VEL-001" } == isClaimTaken)
            #expect(decision.reasons.contains { $0.code == "CLAIM_MISMATCH" } != isClaimTaken)
            let row = try #require(harness.fakes.predictions.withLock { $0 }.first)
            let position = try #require(FakeServices.features.firstIndex(of: "acct_txn_cnt_1h"))
            #expect(row.values[position] == (isClaimTaken ? 8 : 0))
        }
    }

    @Test("the reason of a contradicted claim names the facts")
    func mismatch() async throws {
        var script = FakeServices.Script()
        script.features = ["acct_txn_cnt_1h": 2, "acct_age_days": 900]
        let harness = try RiskHarness(script)
        var request = RiskHarness.payment()
        request.claimed = AssayRiskV1.Claimed(
            accountAgeDays: 3, transactionsLastHour: 1, isVpn: false)
        let decision = try await harness.assess(request).decision
        #expect(
            decision.reasons.map(\.text) == [
                "The caller's statement differs from what was observed: "
                    + "acct.age_days, vel.acct_cnt_1h"
            ])
        #expect(decision.score == 0)
    }

    @Test("the age of an account is the store's, else the profile's, else what is claimed")
    func age() async throws {
        func value(_ observed: Double?, opened: Bool) -> Int64? {
            var request = FullRequest.payment()
            if !opened { request.account?.openedAt = nil }
            request.claimed = AssayRiskV1.Claimed(accountAgeDays: 5)
            var sheet = FactBindingTests.sheet(request)
            let bindings = FactBindings(FactBindingTests.catalogue)
            let given = observed.map { ["acct_age_days": ($0, UInt8(0))] } ?? [:]
            bindings.features.fill(&sheet, from: FeatureFactTests.vector(given))
            let context = FactContext(
                seconds: FullRequest.second, offsetMinutes: 0, baseCurrency: "EUR",
                hashes: FactBindingTests.hashes)
            bindings.request.fillUnobserved(&sheet, from: request, context, entities: [])
            guard let slot = sheet.catalogue.schema.slot(of: "acct.age_days"),
                case .int(let days)? = sheet.frame.value(at: slot)
            else { return nil }
            return days
        }
        #expect(value(900, opened: true) == 900)
        #expect(value(nil, opened: true) == 20)
        #expect(value(nil, opened: false) == 5)
    }

    @Test("an amount in another currency is compared as the feature store converted it")
    func converted() async throws {
        var script = FakeServices.Script()
        script.features = ["amount": 950_000.25]
        let harness = try RiskHarness(script)
        var request = RiskHarness.payment()
        request.transaction.amount = Money("1000000.00", "USD")
        let decision = try await harness.assess(request).decision
        #expect(!decision.missingFacts.contains { $0.fact == "tx.amount" })
        #expect(decision.flags.contains { $0.text.contains("950000.25") }, "\(decision.flags)")
    }

    @Test("what a payment should have follows from what it is")
    func expected() {
        func names(_ request: AssayRiskV1.AssessTransactionRequest) -> [String] {
            ExpectedFacts(request, enabled: []).names
        }
        var request = AssayRiskV1.AssessTransactionRequest(
            requestID: "x",
            transaction: AssayRiskV1.Transaction(
                transactionID: "x", occurredAt: .blank(), amount: .blank()))
        #expect(names(request) == ["always"])
        request.transaction.channel = "web"
        #expect(names(request) == ["always", "remote"])
        request.transaction.type = "transfer"
        #expect(names(request) == ["always", "remote", "transfer"])
        request.transaction.type = "purchase"
        request.industry = .ecommerce
        #expect(names(request) == ["always", "remote", "shop"])
        request.industry = .marketplace
        request.card = AssayRiskV1.Card(token: "t")
        #expect(names(request) == ["always", "remote", "card", "marketplace"])
        #expect(
            names(FullRequest.payment())
                == [
                    "always", "remote", "card", "transfer", "loan", "crypto", "bet", "shop",
                    "marketplace",
                ])
        let enabled = ExpectedFacts(request, enabled: ["kyc", "bureau"])
        #expect(enabled.names.last == "bureau+kyc")
        #expect(ExpectedFacts(names: enabled.names) == enabled)
        let all: Set = [
            "addr", "bureau", "cons", "cust", "email", "graph", "kyc", "phone", "screen",
        ]
        let most = ExpectedFacts(FullRequest.payment(), enabled: all)
        #expect(most.names.count <= 16 && most.names.allSatisfy { $0.utf8.count <= 16 })
        #expect(ExpectedFacts(names: most.names) == most)
        let entries = FactBindingTests.catalogue.entries
        let kyc = entries.first { $0.name == "kyc.deceased" }
        let screen = entries.first { $0.name == "screen.sanctions_score" }
        #expect(kyc.map(enabled.contains) == true && screen.map(enabled.contains) == false)
    }

    @Test("without a vector of their own the rules see the features of the model's")
    func modelVectorAlone() async throws {
        var script = FakeServices.Script()
        script.features = ["acct_txn_cnt_1h": 9, "card_txn_cnt_10m": 50]
        var configuration = RiskConfiguration()
        configuration.usesRuleVector = false
        let harness = try RiskHarness(script, configuration: configuration)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        #expect(decision.flags.map(\.rule) == ["VEL-001"])
    }

    @Test(
        "stale values are used, listed, and degrade the decision; incomplete ones are listed alone",
        arguments: [(flags: UInt8(0x08), isStale: true), (0x40, false), (0x48, true)])
    func stale(flags: UInt8, isStale: Bool) async throws {
        let degraded = isStale ? ["FACTS_STALE"] : []
        var script = FakeServices.Script()
        script.features = ["acct_txn_cnt_1h": 9]
        script.statuses = ["acct_txn_cnt_1h": flags]
        let harness = try RiskHarness(script)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        #expect(decision.staleFacts == ["vel.acct_cnt_1h"])
        #expect(decision.flags.contains { $0.rule == "VEL-001" })
        #expect(decision.degraded == degraded && decision.status == .approved)
        let replayed = try await harness.service.replayDecision(
            .init(decisionID: decision.decisionID), context: RiskHarness.context())
        #expect(replayed.differences.isEmpty && replayed.outcome.degraded == degraded)
    }
}
