import Foundation
import Testing

@testable import RiskCore

@Suite struct PolicyTests {
    struct Vector: Decodable {
        struct Contribution: Decodable, Equatable {
            var source: String
            var points: String
        }

        var name: String
        var policy: String
        var industry: String
        var rules: [String]
        var modelProbability: Double?
        var ruleScore: String
        var modelScore: String?
        var score: String
        var fraudScore: Int64
        var riskLevel: String
        var status: String
        var forcedBy: [String]
        var contributions: [Contribution]
    }

    static func text(_ thousandths: Int64) -> String {
        let rest = String(thousandths % 1000 + 1000).dropFirst()
        return "\(thousandths / 1000).\(rest)"
    }

    @Test("every golden combination of hits and probability is decided as recorded")
    func goldenVectors() throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let vectors = try decoder.decode(
            [Vector].self, from: Repository.fixture("policy-vectors.json"))
        let catalogue = try Repository.catalogue()
        #expect(vectors.count == 25)
        for vector in vectors {
            let policy = try Repository.policy(vector.policy)
            let decision = policy.decide(
                PolicyInput(
                    hits: vector.rules.map { Repository.hit($0, in: catalogue) },
                    probability: vector.modelProbability, industry: vector.industry))
            #expect(Self.text(decision.ruleScore) == vector.ruleScore, "\(vector.name)")
            #expect(decision.modelScore.map(Self.text) == vector.modelScore, "\(vector.name)")
            #expect(Self.text(decision.score) == vector.score, "\(vector.name)")
            #expect(decision.wholeScore == vector.fraudScore, "\(vector.name)")
            #expect("\(decision.level)" == vector.riskLevel, "\(vector.name)")
            #expect("\(decision.status)" == vector.status, "\(vector.name)")
            #expect(decision.forcedBy == vector.forcedBy, "\(vector.name)")
            let found = decision.contributions.map {
                Vector.Contribution(source: $0.source, points: Self.text($0.points))
            }
            #expect(found == vector.contributions, "\(vector.name)")
        }
    }

    @Test("any order of the hits gives the same decision, and contributions add up")
    func order() throws {
        let policy = try Repository.policy("default")
        let catalogue = try Repository.catalogue()
        let fraud = catalogue.keys.filter { !$0.hasPrefix("AML") }.sorted()
        var generator = SeededGenerator(seed: 2026)
        for round in 0..<300 {
            let count = Int.random(in: 0...20, using: &generator)
            let hits = fraud.shuffled(using: &generator).prefix(count)
                .map { Repository.hit($0, in: catalogue) }
            let probability: Double? =
                round % 3 == 0 ? nil : Double.random(in: 0...1, using: &generator)
            let first = policy.decide(PolicyInput(hits: hits, probability: probability))
            let second = policy.decide(
                PolicyInput(hits: hits.shuffled(using: &generator), probability: probability))
            #expect(first == second, "round \(round)")
            let sum = first.contributions.reduce(0) { $0 + $1.points }
            #expect(sum == first.score, "round \(round)")
            #expect((0...100_000).contains(first.score) && (0...100_000).contains(first.ruleScore))
            #expect(first.contributions.allSatisfy { $0.points >= 0 })
        }
    }

    @Test("another hit never lowers the rules' score")
    func monotone() throws {
        let policy = try Repository.policy("default")
        let catalogue = try Repository.catalogue()
        let fraud = catalogue.keys.filter { !$0.hasPrefix("AML") }.sorted()
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<50 {
            var hits: [Hit] = []
            var last: Int64 = 0
            for id in fraud.shuffled(using: &generator).prefix(15) {
                hits.append(Repository.hit(id, in: catalogue))
                let score = policy.decide(PolicyInput(hits: hits)).ruleScore
                #expect(score >= last)
                last = score
            }
        }
    }

    @Test("an absent side gives its weight to the other")
    func weights() {
        let policy = Policy()
        let hit = Hit(
            rule: "VEL-001", score: 30, severity: .high, outcome: .none,
            reasonCode: "VELOCITY_COUNT")
        #expect(policy.decide(PolicyInput(hits: [hit])).score == 30_000)
        #expect(policy.decide(PolicyInput(hits: [hit], probability: 0.5)).score == 38_000)
        #expect(policy.decide(PolicyInput(hits: [], probability: 0.5)).score == 20_000)
        let alone = policy.decide(PolicyInput(hits: [], probability: 0.5, hasRules: false))
        #expect(alone.score == 50_000)
    }

    @Test("reasons join contributions by code; codes that forced the status come first")
    func reasons() throws {
        let policy = try Repository.policy("default")
        let catalogue = try Repository.catalogue()
        let hits = ["NET-001", "NET-027", "NET-028", "DEV-022", "VEL-001"]
            .map { Repository.hit($0, in: catalogue) }
        let decision = policy.decide(PolicyInput(hits: hits, probability: 0.97))
        let reasons = decision.reasons(hits: hits, circumstances: [], maximum: 5)
        #expect(
            reasons.map(\.code) == [
                "REMOTE_ACCESS", "MODEL_SCORE", "ANONYMOUS_IP", "VELOCITY_COUNT",
            ])
        #expect(reasons.reduce(0) { $0 + $1.points } == decision.score)
        let raised = policy.decide(PolicyInput(hits: [], probability: 0.97))
        #expect(
            raised.reasons(hits: [], circumstances: [], maximum: 5).map(\.code)
                == ["MODEL_FLOOR", "MODEL_SCORE"])
    }

    @Test("credit points, grade and decision follow the probability of default")
    func credit() throws {
        let credit = CreditPolicy()
        #expect(credit.points(of: 1.0 / 51) == 600)
        #expect(credit.points(of: 1.0 / 101) == 620)
        #expect(credit.points(of: 0) == 850 && credit.points(of: 1) == 300)
        #expect(credit.points(of: .nan) == 300)
        #expect(credit.grade(of: 0.01) == "A" && credit.grade(of: 0.0100001) == "B")
        #expect(credit.grade(of: 0.9) == "F")
        #expect(credit.decision(of: 0.1) == .approved && credit.decision(of: 0.11) == .refer)
        #expect(credit.decision(of: 0.2) == .refer && credit.decision(of: 0.21) == .declined)
        let shipped = try Repository.policy("default").credit
        #expect(shipped.decision(of: 0.1666) == .approved)
        #expect(shipped.decision(of: 0.3) == .refer && shipped.decision(of: 0.51) == .declined)
    }

    @Test("a wrong policy file is told every problem with its place")
    func problems() {
        let text = """
            format: assay.policy/2
            name: x
            weights_per_mille: { rules: 600, model: 300 }
            within_family: { rest_factor: 2, cap: 60, caps: 1 }
            across_families: stacked
            levels: { low: 0, medium: 50, high: 30, critical: 70 }
            thresholds: { fintech: { review: 70, decline: 40 } }
            forced_level: { alert: high, review: huge }
            credit: { refer_above_pd: 0.5, decline_above_pd: 0.2 }
            surprise: 1
            """
        let failure = #expect(throws: ConfigurationFailure.self) {
            try Policy(yaml: text, file: "p.yaml")
        }
        #expect(
            failure?.description == """
                p.yaml:1:9: expected the format assay.policy/1
                p.yaml:3:20: the weights add up to 1000
                p.yaml:4:31: expected 0.0 to 1.0, found 2.0
                p.yaml:4:43: unknown key 'caps'; known are rest_factor, cap, cap_if_critical
                p.yaml:5:18: expected one of noisy_or, capped_sum, max, sum, found 'stacked'
                p.yaml:6:9: levels start at 0 and rise
                p.yaml:7:13: the thresholds 'default' are missing
                p.yaml:7:24: review starts below decline
                p.yaml:8:17: expected challenge, review or decline
                p.yaml:8:38: expected low, medium, high or critical
                p.yaml:9:9: refer_above_pd is over decline_above_pd
                p.yaml:10:1: unknown key 'surprise'; known are format, name, weights_per_mille, \
                within_family, across_families, levels, thresholds, forced_level, rules, \
                model_floor, explain_floor, reasons_max, features_unavailable, model_unavailable, \
                model_risk_factors, credit, note
                """)
    }
}
