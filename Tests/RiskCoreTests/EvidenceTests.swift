import Foundation
import Testing

@testable import RiskCore

@Suite struct EvidenceTests {
    /// How many payments the evidence in the packs was measured on.
    private static let payments = 200_000

    @Test(
        "what the packs say of rules that hold payments back is what the simulator's payments show")
    func evidence() throws {
        let asked = ProcessInfo.processInfo.environment["EVIDENCE_PAYMENTS"].flatMap { Int($0) }
        let count = asked ?? 5_000
        let rules = try Repository.shippedRules()
        var evidence = SimulatedEvidence(rules)
        evidence.run(payments: count)
        #expect(evidence.honest + evidence.fraud == count)
        for id in SimulatedEvidence.measured {
            let found = evidence.counts[id, default: SimulatedEvidence.Count()]
            let text = found.text(honest: evidence.honest, fraud: evidence.fraud)
            if asked != nil { print("evidence of \(id): \(text)") }
            // A person who reads a held payment reads at most one honest one in fifty.
            #expect(found.honestHits * 50 <= evidence.honest, "\(id): \(text)")
            guard count == Self.payments else { continue }
            let rule = try #require(rules.rules.first { $0.id == id })
            #expect(rule.evidence.contains(text), "\(id) \(text)")
        }
    }

    @Test("evidence says on how many payments it was measured, or that it could not be measured")
    func honesty() throws {
        for rule in try Repository.shippedRules().rules where !rule.evidence.isEmpty {
            let isMeasured = SimulatedEvidence.measured.contains(rule.id)
            #expect(
                rule.evidence.contains("\(Self.payments) payments of the simulator") == isMeasured,
                "\(rule.id)")
            #expect(rule.evidence.contains("Not measurable on the simulator") != isMeasured)
        }
    }
}
