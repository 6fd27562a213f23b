import AssayMessages
import Foundation
import RPC
import Testing
import Wire

@testable import RiskCore

@Suite struct ModelReasonTests {
    private static func explanation(_ parts: [(String, Double)]) -> AssayModelsV1.Explanation {
        AssayModelsV1.Explanation(
            baseValue: -2,
            attributions: parts.map {
                AssayModelsV1.Attribution(field: $0.0, reasonCode: "AMOUNT_HIGH", value: $0.1)
            })
    }

    private func decide(
        _ probability: Double, _ parts: [(String, Double)], policy: String = "",
        change: (inout FakeServices.Script) -> Void = { _ in }
    ) async throws -> (AssayRiskV1.Decision, FakeServices) {
        var script = FakeServices.Script()
        script.probability = probability
        script.explanation = Self.explanation(parts)
        script.features = ["acct_txn_cnt_1h": 9, "card_txn_cnt_1h": 1]
        change(&script)
        let harness = try RiskHarness(script)
        var request = RiskHarness.payment()
        request.policy = policy
        request.transaction.amount = Money("90000.00", "EUR")
        request.network?.isVpn = true
        return (try await harness.assess(request).decision, harness.fakes)
    }

    @Test("the model is asked why in the same call, from the policy's floor on")
    func asked() async throws {
        let (low, fakes) = try await decide(0.19, [("amount", 1)])
        let request = try #require(fakes.predictions.withLock { $0.first })
        #expect(fakes.predictions.withLock(\.count) == 1)
        #expect(request.explain == .reasons && request.explainFrom == 0.2)
        #expect(low.modelRiskFactors.isEmpty)
        #expect(low.contributions.filter { $0.source.hasPrefix("ML") }.count == 1)
        #expect(low.modelConfidence == 0.9)
        let (high, _) = try await decide(0.2, [("amount", 1)])
        #expect(high.modelRiskFactors == ["high_amount"] && high.modelConfidence == 0.7)
    }

    @Test("confidence is a function of the probability")
    func confidence() async throws {
        for (probability, confidence) in [
            (0.1999, 0.9), (0.2, 0.7), (0.5, 0.7), (0.8, 0.7), (0.8001, 0.9),
        ] {
            #expect(try await decide(probability, []).0.modelConfidence == confidence)
        }
    }

    @Test("factors are the positive inputs by what they added, by code where the code is true")
    func factors() async throws {
        let (decision, _) = try await decide(
            0.9,
            [
                ("term_amt_avg_24h", 0.4), ("amount", 0.3), ("acct_txn_cnt_1h", 0.9),
                ("cust_txn_cnt_1h", -5), ("card_amt_sum_1h", 0.2),
            ])
        #expect(decision.modelRiskFactors == ["high_velocity", "term_amt_avg_24h", "high_amount"])
        let (other, _) = try await decide(0.9, [("is_vpn", 2), ("account_age_days", 1)])
        #expect(other.modelRiskFactors == ["vpn_usage", "account_age_days"])
    }

    @Test("under seed-compat the factors go by limits, in the first design's order")
    func thresholds() async throws {
        let (decision, _) = try await decide(
            0.9, [("acct_txn_cnt_1h", 0.9)], policy: "seed-compat")
        #expect(decision.modelRiskFactors == ["high_amount", "vpn_usage", "high_velocity"])
    }

    @Test("the model's part is its baseline and its inputs, and everything adds up")
    func contributions() async throws {
        let parts = [("amount", 2.0), ("acct_txn_cnt_1h", 1), ("cust_txn_cnt_1h", -1)]
        let (decision, _) = try await decide(0.9, parts)
        let points = Dictionary(
            uniqueKeysWithValues: decision.contributions.map {
                ($0.source, $0.points.doubleValue)
            })
        // The log-odds without these inputs: ln 9 − 2, which is a probability of 0.549.
        let base = 1 / (1 + exp(-(log(9.0) - 2)))
        #expect(abs((points["ML"] ?? 0) - 40 * base) < 0.01)
        #expect(abs((points["ML:amount"] ?? 0) - 40 * (0.9 - base)) < 0.01)
        #expect(abs((points["ML:cust_txn_cnt_1h"] ?? 0) + 20 * (0.9 - base)) < 0.01)
        let sum = decision.contributions.reduce(0) {
            $0 + Int(($1.points.doubleValue * 1000).rounded())
        }
        #expect(sum == Int((decision.scoreExact.doubleValue * 1000).rounded()))
    }

    @Test("a model that cannot say why is asked without, and remembered for a while")
    func silent() async throws {
        var script = FakeServices.Script()
        script.probability = 0.9
        script.explanationError = RPCError(
            .failedPrecondition, "version 3 cannot explain", reason: "explanation_unavailable")
        let harness = try RiskHarness(script)
        for number in 0..<3 {
            let decision = try await harness.assess(RiskHarness.payment("r-\(number)")).decision
            #expect(decision.degraded.isEmpty && decision.modelProbability == 0.9)
        }
        #expect(harness.fakes.predictions.withLock(\.count) == 4)
        harness.clock.milliseconds.withLock { $0 += 6_000 }
        _ = try await harness.assess(RiskHarness.payment("r-9"))
        #expect(harness.fakes.predictions.withLock(\.count) == 6)
    }

    @Test("attributions that contradict the probability leave the model one contribution")
    func strange() {
        for values in [[1.0, -1.0], [], [1e300, -1e300], [1e9, -1e9 + 1e-9]] {
            let explanation = ModelExplanation(
                attributions: values.enumerated().map {
                    ModelExplanation.Attribution(
                        field: "f\($0.offset)", reasonCode: "X", value: $0.element)
                })
            let decision = Policy().decide(
                PolicyInput(hits: [], probability: 0.5, explanation: explanation))
            #expect(decision.contributions.reduce(0) { $0 + $1.points } == decision.score)
        }
        for probability in [0.0, 1.0] {
            let explanation = ModelExplanation(attributions: [
                ModelExplanation.Attribution(field: "f", reasonCode: "X", value: 1)
            ])
            let decision = Policy().decide(
                PolicyInput(hits: [], probability: probability, explanation: explanation))
            #expect(decision.contributions.count == 1)
        }
    }

    @Test("a name that is too long for a contribution is cut")
    func names() {
        let long = ModelExplanation.Attribution(
            field: String(repeating: "ä", count: 32), reasonCode: "X", value: 1)
        #expect(long.source.utf8.count <= 64 && long.source.hasPrefix("ML:ä"))
    }
}
