import Foundation
import RuleLanguage
import Testing

@testable import RiskCore

@Suite struct ShippedPackTests {
    @Test(
        "273 fraud rules in 16 families and 36 typologies are shipped, as the catalogue counts them"
    )
    func counts() throws {
        let rules = try Repository.shippedRules().rules
        let families = Dictionary(grouping: rules) { String($0.id.prefix(3)) }
        #expect(
            families.mapValues(\.count) == [
                "VEL": 26, "AMT": 16, "ACC": 12, "KYC": 28, "DEV": 28, "NET": 32, "BEH": 18,
                "ATO": 12, "CRD": 16, "LST": 12, "FIN": 10, "LND": 24, "CRY": 12, "BET": 12,
                "ECO": 12, "MKT": 3, "AML": 36,
            ])
        #expect(families.values.allSatisfy { Set($0.map(\.pack)).count == 1 })
        let fraud = rules.filter { !$0.isTypology }
        #expect(fraud.count == 273)
        #expect(
            Dictionary(grouping: fraud, by: \.outcome).mapValues(\.count)
                == [.none: 202, .challenge: 22, .review: 42, .decline: 7])
        let typologies = rules.filter(\.isTypology)
        #expect(typologies.count == 36)
        #expect(typologies.filter { $0.outcome != .alert }.map(\.id) == ["AML-030"])
        #expect(rules.first { $0.id == "AML-030" }?.outcome == .decline)
    }

    @Test("the worked example of the first design under all rules: 77.359 of the rules, score 82")
    func workedExample() throws {
        let rules = try Repository.shippedRules(profile: "seed")
        var sheet = FactSheet(catalogue: rules.catalogue)
        sheet.set("tx.amount", to: .int(50_000_000))
        sheet.set("tx.type", to: .string("withdrawal"))
        sheet.set("acct.age_days", to: .int(5))
        sheet.set("vel.acct_cnt_1h", to: .int(8))
        sheet.set("ip.is_vpn", to: .bool(true))
        let verdicts = ShippedContext.verdicts(of: rules, over: sheet)
        let hits = rules.rules.filter { verdicts[$0.id] == .hit }.map(\.hit)
        #expect(
            hits.map(\.rule) == [
                "ACC-001", "ACC-002", "AMT-006", "NET-001", "NET-027", "NET-028", "VEL-001",
            ])
        let decision = try Repository.policy("default").decide(
            PolicyInput(hits: hits, probability: 0.9, industry: "fintech"))
        #expect(PolicyTests.text(decision.ruleScore) == "77.359")
        #expect(decision.wholeScore == 82)
        #expect(decision.level == .critical && decision.status == .declined)
    }

    @Test("a typology has no points; one that matches a sanctions list declines all the same")
    func typologies() throws {
        let rules = try Repository.shippedRules().rules
        let policy = try Repository.policy("default")
        let alerts = rules.filter { $0.outcome == .alert }.map(\.hit)
        let quiet = policy.decide(PolicyInput(hits: alerts))
        #expect(quiet.score == 0 && quiet.status == .approved && quiet.forcedBy.isEmpty)
        let match = rules.filter { $0.id == "AML-030" }.map(\.hit)
        let loud = policy.decide(PolicyInput(hits: match))
        #expect(loud.score == 0 && loud.status == .declined && loud.level == .critical)
        #expect(loud.forcedBy == ["AML-030"] && loud.contributions.isEmpty)
    }

    @Test("every rule has an owner, a text and, if it holds payments back, evidence")
    func upkeep() throws {
        for rule in try Repository.shippedRules().rules {
            #expect(rule.owner.contains("@"), "\(rule.id)")
            #expect(!rule.text.source.isEmpty, "\(rule.id)")
            #expect(rule.state == .live)
            let isForcing = rule.outcome == .review || rule.outcome == .decline
            #expect(isForcing == !rule.evidence.isEmpty, "\(rule.id)")
        }
        let asking = try Repository.shippedRules().rules.filter { $0.onMissing == .review }
        #expect(asking.map(\.id) == ["AML-030", "CRY-005", "KYC-014", "KYC-027"])
    }

    @Test(
        "every shipped rule fires on its trigger vector, is silent on the benign context, and is not evaluated without its facts"
    )
    func triggers() throws {
        let context = try ShippedContext()
        let silent = ShippedContext.verdicts(of: context.rules, over: context.sheet())
        #expect(silent.count == 309 && silent.values.allSatisfy { $0 == .noHit })
        for rule in context.rules.rules {
            let trigger = try #require(context.triggers[rule.id])
            let fired = ShippedContext.verdicts(
                of: context.rules, over: context.sheet(over: trigger))
            #expect(fired[rule.id] == .hit, "\(rule.id)")
            let blind = ShippedContext.verdicts(
                of: context.rules, over: context.sheet(over: trigger, without: trigger.keys))
            #expect(blind[rule.id] == .notEvaluated, "\(rule.id)")
        }
    }

    @Test(
        "the shipped conditions mean what the catalogue's mean, on triggers and 200 random contexts"
    )
    func agreement() throws {
        let context = try ShippedContext()
        var builder = ProgramBuilder(environment: context.environment)
        var numbers: [(rule: String, expression: Int)] = []
        for rule in context.rules.rules {
            let condition = try #require(context.catalogue[rule.id]?["condition"])
            numbers.append((rule.id, try builder.addCondition(condition)))
        }
        let program = builder.build()
        var evaluator = Evaluator()
        func compare(_ sheet: FactSheet, _ place: String) {
            let verdicts = ShippedContext.verdicts(of: context.rules, over: sheet)
            for (rule, expression) in numbers {
                let wanted: RuleVerdict =
                    switch evaluator.condition(expression, of: program, over: sheet.frame) {
                    case .holds: .hit
                    case .fails: .noHit
                    case .missing: .notEvaluated
                    case .failed(let error): .error(error)
                    }
                #expect(verdicts[rule] == wanted, "\(rule) on \(place)")
            }
        }
        var hits = 0
        var generator = SeededGenerator(seed: 309)
        for round in 0..<200 {
            var facts: [String: Constant] = [:]
            var missing: [String] = []
            for (name, value) in context.benign {
                facts[name] = context.values[name]?.randomElement(using: &generator) ?? value
                if Int.random(in: 0..<20, using: &generator) == 0 { missing.append(name) }
            }
            let sheet = context.sheet(over: facts, without: missing)
            compare(sheet, "random context \(round) of seed 309")
            hits += ShippedContext.verdicts(of: context.rules, over: sheet).values.count {
                $0 == .hit
            }
        }
        for (rule, facts) in context.triggers {
            compare(context.sheet(over: facts), "the trigger of \(rule)")
        }
        #expect(hits > 10_000)
    }
}
