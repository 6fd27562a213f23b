import Foundation
import RuleLanguage
import Synchronization
import Wire

@testable import RiskCore

/// Sides and events for backtests, from the shipped rules.
enum BacktestFixture {
    /// VEL-001 with a lower limit, and the test that goes with it.
    static let lowerHourlyLimit = [
        (
            file: "packs/velocity.yaml",
            old: "  hourly_limit: { type: int, unit: count, value: 5,",
            new: "  hourly_limit: { type: int, unit: count, value: 3,"
        ),
        (
            file: "packs/velocity.yaml",
            old: "{ given: { vel.acct_cnt_1h: 5 }, expect: no_hit }",
            new: "{ given: { vel.acct_cnt_1h: 3 }, expect: no_hit }"
        ),
    ]

    /// The shipped rules with texts replaced in their files.
    static func rules(_ replacements: [(file: String, old: String, new: String)] = []) throws
        -> RuleSet
    {
        var sources = try RuleSources(directory: Repository.rules)
        for (file, old, new) in replacements {
            for index in sources.packs.indices where sources.packs[index].name == file {
                let text = sources.packs[index].text
                precondition(text.contains(old), "\(file) does not contain \(old)")
                sources.packs[index].text = text.replacingOccurrences(of: old, with: new)
            }
        }
        var loader = RuleSetLoader(sources)
        return try loader.load()
    }

    static func side(_ rules: RuleSet) throws -> BacktestSide {
        BacktestSide(rules: rules, policy: try Repository.policy("default"))
    }

    /// An event in which only some facts are known.
    static func event(
        _ number: Int, _ facts: [String: Constant], rules: RuleSet, probability: Double? = nil
    ) -> BacktestEvent {
        var sheet = FactSheet(catalogue: rules.catalogue)
        for (name, value) in facts.sorted(by: { $0.key < $1.key }) { sheet.set(name, to: value) }
        var assessment = Assessment(sheet: sheet, run: RuleRun())
        if let probability { assessment.model = .recorded(probability) }
        return BacktestEvent(
            live: assessment, second: 1_772_366_000,
            expected: ExpectedFacts(FactCatalogue.Expectation.allCases),
            at: Timestamp(seconds: 1_772_366_000 + Int64(number) * 600) ?? .blank(),
            decisionID: UniqueID(high: 1, low: UInt64(number)), transactionID: "t-\(number)",
            subject: "customer-\(number % 7)", amount: assessment.amount)
    }

    /// Events whose facts are drawn around what the rules compare them with.
    static func random(_ count: Int, seed: UInt64, rules: RuleSet) -> [BacktestEvent] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            var facts: [String: Constant] = [:]
            for entry in rules.catalogue.entries where Int.random(in: 0..<10, using: &random) > 1 {
                facts[entry.name] =
                    switch entry.type {
                    case .bool: .bool(Int.random(in: 0..<8, using: &random) == 0)
                    case .int:
                        .int(Int64.random(in: 0...(entry.isMoney ? 3_000_000 : 12), using: &random))
                    case .double: .double(Double.random(in: 0...1, using: &random))
                    case .string:
                        .string(
                            ["DE", "EUR", "NG", "card", "active"].randomElement(using: &random)!)
                    default: .list([])
                    }
            }
            let probability: Double? =
                Bool.random(using: &random) ? Double.random(in: 0...1, using: &random) : nil
            return event(number, facts, rules: rules, probability: probability)
        }
    }
}

/// Events in memory, in pages.
final class EventList: BacktestSource {
    private let events: [BacktestEvent]
    private let taken = Mutex(0)

    init(_ events: [BacktestEvent]) { self.events = events }

    var total: UInt64 { UInt64(events.count) }

    func next() -> BacktestPage<Int>? {
        let range = taken.withLock { taken in
            let range = taken..<min(taken + 50, events.count)
            taken = range.upperBound
            return range
        }
        guard !range.isEmpty else { return nil }
        return BacktestPage(stored: Array(range), size: UInt64(range.count))
    }

    func event(_ stored: Int) throws -> BacktestEvent? {
        if stored % 41 == 40 { throw LeftOut("for the test") }
        return events[stored]
    }
}
