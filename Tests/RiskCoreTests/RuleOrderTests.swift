import AssayMessages
import Foundation
import RuleLanguage
import Testing

@testable import RiskCore

@Suite struct RuleOrderTests {
    /// How often the rules are shuffled; the whole number takes `make rule-orders`.
    private static let rounds =
        ProcessInfo.processInfo.environment["RULE_ORDERS"].flatMap { Int($0) } ?? 100

    /// Facts on which many rules of many families hold, and some cannot be evaluated.
    private static func sheet(_ context: ShippedContext, _ seed: UInt64) -> FactSheet {
        var generator = SeededGenerator(seed: seed)
        var facts: [String: Constant] = [:]
        var missing: [String] = []
        for (name, value) in context.benign {
            let isChanged = Int.random(in: 0..<3, using: &generator) == 0
            facts[name] =
                isChanged ? context.values[name]?.randomElement(using: &generator) : value
            if Int.random(in: 0..<25, using: &generator) == 0 { missing.append(name) }
        }
        return context.sheet(over: facts, without: missing)
    }

    /// The outcome when the rules are evaluated in another order. Their verdicts are put back in
    /// the order of their ids, in which a rule set has them.
    private static func outcome(
        of rules: RuleSet, in order: [Int], over sheet: FactSheet, _ policy: Policy
    ) -> AssayRiskV1.RecordedOutcome {
        let shuffled = RuleSet(shuffling: rules, order: order)
        var evaluator = Evaluator()
        var run = shuffled.run(
            over: sheet, industry: "default", at: 1_772_366_000, expects: { _ in true },
            evaluator: &evaluator)
        run.entries = run.entries
            .map { RuleRun.Entry(rule: order[$0.rule], verdict: $0.verdict) }
            .sorted { $0.rule < $1.rule }
        return OutcomeBuilder(rules: rules, policy: policy)
            .outcome(of: Assessment(sheet: sheet, run: run))
    }

    @Test("the order in which rules are evaluated and hits arrive changes no byte of an outcome")
    func orders() throws {
        let context = try ShippedContext()
        let policy = try Repository.policy("default")
        var generator = SeededGenerator(seed: 1_000)
        let plain = Array(context.rules.rules.indices)
        for seed in UInt64(1)...5 {
            let sheet = Self.sheet(context, seed)
            let wanted = Self.outcome(of: context.rules, in: plain, over: sheet, policy)
            #expect(wanted.flags.count > 20 && wanted.missingFacts.count > 1)
            let bytes = wanted.encoded()
            for round in 0..<max(1, Self.rounds / 5) {
                let order = plain.shuffled(using: &generator)
                let found = Self.outcome(of: context.rules, in: order, over: sheet, policy)
                #expect(
                    found.encoded() == bytes,
                    "round \(round) over sheet \(seed)")
            }
        }
    }

    @Test("packs and the rules in them may stand in any order: the set is the same, by its digest")
    func files() throws {
        let sources = try RuleSources(directory: Repository.rules)
        let wanted = try Repository.shippedRules().digest
        var generator = SeededGenerator(seed: 17)
        for _ in 0..<3 {
            var shuffled = sources
            shuffled.packs = sources.packs.shuffled(using: &generator).map { pack in
                let parts = pack.text.components(separatedBy: "\n  - id: ")
                let rules = parts.dropFirst().map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }
                let text =
                    parts[0] + "\n"
                    + rules.shuffled(using: &generator).map { "  - id: " + $0 }.joined()
                return RuleSources.File(name: pack.name, text: text)
            }
            var loader = RuleSetLoader(shuffled)
            #expect(try loader.load().digest == wanted)
        }
    }
}

extension RuleSet {
    /// The rules of another set in another order, which no loader would keep.
    fileprivate convenience init(shuffling rules: RuleSet, order: [Int]) {
        self.init(
            rules: order.map { rules.rules[$0] }, catalogue: rules.catalogue,
            reasonCodes: rules.reasonCodes, program: rules.program,
            baseCurrency: rules.baseCurrency, digest: rules.digest)
    }
}
