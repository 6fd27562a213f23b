import AssayMessages
import Foundation
import Testing
import Wire

@testable import RiskCore

/// The worked example of the first design, through the service, from a request that sends only what
/// that design's callers send.
@Suite struct SeedCompatibleTests {
    struct Example: Decodable, CustomTestStringConvertible {
        struct Facts: Decodable {
            let amount: Int64
            let type: String
            let age: Int64?
            let vpn: Bool?
            let count: Int64?

            enum CodingKeys: String, CodingKey {
                case amount = "tx.amount"
                case type = "tx.type"
                case age = "acct.age_days"
                case vpn = "ip.is_vpn"
                case count = "vel.acct_cnt_1h"
            }
        }

        struct Expected: Decodable {
            struct Flag: Decodable, Hashable {
                let rule: String
                let flagType: String
                let score: Int32

                enum CodingKeys: String, CodingKey {
                    case rule
                    case flagType = "flag_type"
                    case score
                }
            }
            let flags: [Flag]
            let ruleScore: String
            let score: String
            let fraudScore: Int32
            let riskLevel: String
            let status: String
            let mlScore: Int32?

            enum CodingKeys: String, CodingKey {
                case flags, score, status
                case ruleScore = "rule_score"
                case fraudScore = "fraud_score"
                case riskLevel = "risk_level"
                case mlScore = "ml_score"
            }
        }

        let name: String
        let facts: Facts
        let modelProbability: Double?
        let expectedSeedCompat: Expected

        enum CodingKeys: String, CodingKey {
            case name, facts
            case modelProbability = "model_probability"
            case expectedSeedCompat = "expected_seed_compat"
        }

        var testDescription: String { name }
    }

    struct File: Decodable { let cases: [Example] }

    static let examples: [Example] = {
        let data = (try? Repository.fixture("seed-compat.json")) ?? Data()
        let file = try? JSONDecoder().decode(File.self, from: data)
        return file?.cases.filter { $0.facts.vpn != nil } ?? []
    }()

    static func request(_ example: Example) -> AssayRiskV1.AssessTransactionRequest {
        AssayRiskV1.AssessTransactionRequest(
            requestID: "seed",
            transaction: AssayRiskV1.Transaction(
                transactionID: "seed", occurredAt: FullRequest.ago(0),
                amount: Money(currency: "EUR", coefficient: example.facts.amount, scale: 2)
                    ?? .blank(),
                type: example.facts.type),
            industry: .fintech, customer: AssayRiskV1.Customer(customerID: "user-1"),
            claimed: AssayRiskV1.Claimed(
                accountAgeDays: example.facts.age, transactionsLastHour: example.facts.count,
                isVpn: example.facts.vpn), useModel: example.modelProbability != nil)
    }

    @Test("policy seed-compat gives what the document prints", arguments: examples)
    func compatible(_ example: Example) async throws {
        #expect(Self.examples.count == 3)
        for vector in ["payment_fraud", "fraud_basic"] {
            var script = FakeServices.Script()
            script.probability = example.modelProbability
            script.entities = []
            var configuration = RiskConfiguration()
            configuration.vectorName = vector
            let harness = try RiskHarness(
                script, policy: try Repository.policy("seed-compat"),
                configuration: configuration)
            let decision = try await harness.assess(Self.request(example)).decision
            let expected = example.expectedSeedCompat
            #expect(
                Set(
                    decision.flags.map {
                        Example.Expected.Flag(rule: $0.rule, flagType: $0.name, score: $0.score)
                    }) == Set(expected.flags))
            #expect(decision.ruleScore.description == expected.ruleScore)
            #expect(decision.scoreExact.description == expected.score)
            #expect(decision.score == expected.fraudScore)
            #expect("\(decision.riskLevel)" == expected.riskLevel)
            #expect("\(decision.status)" == expected.status)
            #expect(decision.modelScore == expected.mlScore)
            guard vector == "fraud_basic", expected.mlScore != nil else { continue }
            let row = try #require(harness.fakes.predictions.withLock { $0 }.first)
            #expect(row.values.count == 13 && Array(row.values[1...2]) == [5, 8])
            #expect(row.values[5] == 1 && row.status[5] == 0)
        }
    }

    @Test("under all rules the same request has the three flags, and is critical and declined")
    func allRules() async throws {
        var script = FakeServices.Script()
        script.probability = 0.9
        let harness = try RiskHarness(script)
        let decision = try await harness.assess(Self.request(Self.examples[0])).decision
        #expect(Set(decision.flags.map(\.rule)).isSuperset(of: ["VEL-001", "ACC-001", "NET-001"]))
        #expect(decision.riskLevel == .critical && decision.status == .declined)
    }
}
