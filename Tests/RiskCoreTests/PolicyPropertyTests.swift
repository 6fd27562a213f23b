import Foundation
import Testing

@testable import RiskCore

/// Properties of every policy, over random sets of hits. `ASSAY_POLICY_ROUNDS` says how many.
@Suite struct PolicyPropertyTests {
    static let rounds =
        ProcessInfo.processInfo.environment["ASSAY_POLICY_ROUNDS"].flatMap { Int($0) } ?? 100_000

    private static func hits() throws -> [Hit] {
        let catalogue = try Repository.catalogue()
        return catalogue.keys.filter { !$0.hasPrefix("AML") }.sorted()
            .map { Repository.hit($0, in: catalogue) }
    }

    private static func explanation(
        _ generator: inout SeededGenerator
    ) -> ModelExplanation? {
        guard Bool.random(using: &generator) else { return nil }
        let count = Int.random(in: 0...12, using: &generator)
        return ModelExplanation(
            attributions: (0..<count).map { number in
                ModelExplanation.Attribution(
                    field: "input\(number)", reasonCode: "MODEL_SCORE",
                    value: Double.random(in: -3...3, using: &generator))
            }, isInProbability: Bool.random(using: &generator))
    }

    @Test(
        "scores stay in 0…100, parts add up, no order matters, and a further hit never lowers",
        arguments: Policy.AcrossFamilies.allCases)
    func properties(_ across: Policy.AcrossFamilies) throws {
        var policy = try Repository.policy("default")
        policy.acrossFamilies = across
        let hits = try Self.hits()
        let industries = policy.thresholds.keys.sorted()
        var generator = SeededGenerator(seed: 20_261_122)
        for round in 0..<Self.rounds / 4 {
            // Small sets most of the time, and sometimes all rules at once.
            let most = round % 1_000 == 0 ? hits.count : round % 50 == 0 ? 60 : 12
            let count = Int.random(in: 0...most, using: &generator)
            var chosen: [Hit] = []
            for _ in 0..<count { chosen.append(hits.randomElement(using: &generator) ?? hits[0]) }
            chosen = Array(Set(chosen)).sorted { $0.rule < $1.rule }
            var input = PolicyInput(
                hits: chosen,
                probability: round % 3 == 0 ? nil : Double.random(in: 0...1, using: &generator),
                explanation: Self.explanation(&generator), hasRules: round % 7 != 0,
                industry: industries.randomElement(using: &generator) ?? "default")
            let decision = policy.decide(input)
            let context: Comment = "round \(round) of \(across), seed 20261122"
            #expect((0...100_000).contains(decision.score), context)
            #expect((0...100_000).contains(decision.ruleScore), context)
            let sum = decision.contributions.reduce(0) { $0 + $1.points }
            #expect(sum == decision.score, context)
            if round % 8 == 0 {
                input.hits.shuffle(using: &generator)
                #expect(policy.decide(input) == decision, context)
            }
            let further = hits.randomElement(using: &generator) ?? hits[0]
            if !chosen.contains(further) {
                input.hits.append(further)
                let more = policy.decide(input)
                #expect(more.ruleScore >= decision.ruleScore, context)
                #expect(more.status >= decision.status || !input.hasRules, context)
            }
        }
    }

    @Test("the ways to join families differ as they say")
    func across() {
        func score(_ across: Policy.AcrossFamilies, _ hits: [(String, Int64)]) -> Int64 {
            var policy = Policy()
            policy.acrossFamilies = across
            return policy.decide(
                PolicyInput(
                    hits: hits.map {
                        Hit(
                            rule: $0.0, score: $0.1, severity: .low, outcome: .none,
                            reasonCode: "VELOCITY_COUNT")
                    })
            ).ruleScore
        }
        let hits: [(String, Int64)] = [("VEL-001", 40), ("VEL-002", 40), ("NET-001", 30)]
        #expect(score(.noisyOr, hits) == 65_000)
        #expect(score(.cappedSum, hits) == 80_000)
        #expect(score(.max, hits) == 50_000)
        #expect(score(.sum, hits) == 100_000)
        #expect(score(.sum, Array(hits.prefix(2))) == 80_000)
        #expect(score(.cappedSum, [("VEL-001", 90)]) == 60_000)
        #expect(score(.sum, [("VEL-001", 90)]) == 90_000)
    }

    @Test("each industry's limits hold at the point, and forced outcomes raise status and level")
    func limits() throws {
        let policy = try Repository.policy("default")
        let limits: [(String, Int64, Int64)] = [
            ("default", 40, 70), ("lending", 40, 70), ("marketplace", 40, 70),
            ("ecommerce", 45, 75), ("fintech", 35, 65), ("betting", 25, 55), ("crypto", 30, 60),
        ]
        for (industry, review, decline) in limits {
            for (points, status) in [
                (review - 1, RiskStatus.approved), (review, .review), (decline - 1, .review),
                (decline, .declined),
            ] {
                let decision = policy.decide(
                    PolicyInput(
                        hits: [], probability: Double(points) / 100, hasRules: false,
                        industry: industry))
                #expect(decision.status == status, "\(industry) at \(points)")
            }
        }
        let forced: [(ForcedOutcome, RiskStatus, RiskLevel)] = [
            (.none, .approved, .low), (.challenge, .challenge, .medium), (.review, .review, .high),
            (.decline, .declined, .critical),
        ]
        for (outcome, status, level) in forced {
            let hit = Hit(
                rule: "VEL-001", score: 1, severity: .low, outcome: outcome,
                reasonCode: "VELOCITY_COUNT")
            let decision = policy.decide(PolicyInput(hits: [hit]))
            #expect(decision.status == status && decision.level == level, "\(outcome)")
        }
    }

    @Test("a decision below 40 points is still reviewed when the model is sure")
    func modelFloor() throws {
        let policy = try Repository.policy("default")
        func status(_ probability: Double) -> RiskStatus {
            policy.decide(PolicyInput(hits: [], probability: probability)).status
        }
        #expect(status(0.949_99) == .approved && status(0.949_996) == .review)
        #expect(status(0.95) == .review && status(1) == .review)
    }
}
