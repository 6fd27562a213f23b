import Testing

@testable import RiskCore

@Suite struct ReferenceDecisionTests {
    @Test(
        "decisions equal a plain computation of the specified policy on 2,000 random sets of hits",
        arguments: ["default", "seed-compat"])
    func agreement(_ name: String) throws {
        let policy = try Repository.policy(name)
        let rules = try Repository.shippedRules().rules
        let known =
            name == "default" ? rules : rules.filter { policy.rules?.contains($0.id) == true }
        let numbers = name == "default" ? ReferenceDecision.Numbers() : .seedCompatible
        var generator = SeededGenerator(seed: 45)
        for round in 0..<2_000 {
            let count = Int.random(in: 0...min(25, known.count), using: &generator)
            let chosen = known.shuffled(using: &generator).prefix(count)
            let probability: Double? =
                round % 4 == 0
                ? nil : Double(Int.random(in: 0...100_000, using: &generator)) / 100_000
            let industry = (["default"] + Industries.names).randomElement(using: &generator)!
            let wanted = ReferenceDecision(
                chosen.map {
                    ReferenceDecision.Hit(
                        rule: $0.id, score: $0.score, isCritical: $0.severity == .critical,
                        outcome: $0.outcome.rawValue)
                }, probability: probability, numbers, industry: industry)
            let found = policy.decide(
                PolicyInput(hits: chosen.map(\.hit), probability: probability, industry: industry))
            let place = "round \(round) of seed 45"
            #expect(found.ruleScore == wanted.ruleScore, "\(place)")
            #expect(found.modelScore == wanted.modelScore, "\(place)")
            #expect(found.score == wanted.score, "\(place)")
            #expect(found.level.rawValue == wanted.level, "\(place)")
            #expect(found.status.rawValue == wanted.status, "\(place)")
            #expect(found.forcedBy == wanted.forcedBy, "\(place)")
            var points: [String: Int64] = [:]
            for part in found.contributions { points[part.source, default: 0] += part.points }
            #expect(points == wanted.points, "\(place)")
        }
    }

    @Test("facts, conditions and reason codes of the catalogue agree with the shipped tables")
    func tables() throws {
        let rules = try Repository.shippedRules()
        let catalogue = try Repository.catalogue()
        var read: Set<String> = []
        for rule in rules.rules {
            let row = try #require(catalogue[rule.id])
            let names = Set(rule.facts.map { rules.catalogue.entries[$0].name })
            let wanted = (row["facts"] ?? "").split(separator: ",").filter { !$0.hasPrefix("L.") }
            #expect(names == Set(wanted.map(String.init)), "\(rule.id)")
            #expect(
                rule.industries.map { $0.sorted() } ?? ["all"]
                    == (row["industry"] ?? "").split(separator: ",").map(String.init).sorted(),
                "\(rule.id)")
            #expect(rules.reasonCodes[rule.reasonCode] != nil, "\(rule.id)")
            read.formUnion(names)
        }
        let declared = Set(rules.catalogue.entries.map(\.name))
        #expect(declared.subtracting(read).isEmpty)
        #expect(Set(rules.rules.map(\.name)).count == 309)
    }
}
