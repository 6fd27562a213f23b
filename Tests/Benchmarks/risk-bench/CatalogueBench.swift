import Foundation
import RiskCore
import RuleLanguage

/// All fraud rules of the catalogue, as conditions alone and as whatever set the folder holds, on a
/// frame in which every fact is known.
struct CatalogueBench {
    private let sources: RuleSources
    private let catalogue: FactCatalogue
    private let rounds: Int

    init(folder: URL, rounds: Int) throws {
        sources = try RuleSources(directory: folder)
        catalogue = try FactCatalogue(sources.facts.text, file: sources.facts.name)
        self.rounds = rounds
    }

    /// The conditions of the catalogue's 273 fraud rules, one after the other.
    func measureConditions(_ table: URL) throws {
        let rows = try String(contentsOf: table, encoding: .utf8).split(separator: "\n").dropFirst()
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
            .filter { !$0[0].hasPrefix("AML-") }
        var environment = RuleEnvironment(facts: catalogue.schema)
        for row in rows {
            for pair in row[10].split(separator: ",") {
                let parts = pair.split(separator: "=")
                guard parts.count == 2, let value = Int64(parts[1]) else { continue }
                environment.parameters[String(parts[0])] = Parameter(
                    value: .int(value), isMoney: true)
            }
            for name in row[9].split(separator: ",") where name.hasPrefix("L.") {
                let entries = (0..<1_000).map { "entry-\($0)" }
                environment.lists[String(name.dropFirst(2))] = TextSet(entries)
            }
        }
        var builder = ProgramBuilder(environment: environment)
        let numbers = try rows.map { try builder.addCondition($0[4]) }
        let program = builder.build()
        let frame = sheet().frame
        var evaluator = Evaluator()
        var undecided = 0
        let measurement = Measurement(rounds) {
            for number in numbers {
                let result = evaluator.condition(number, of: program, over: frame)
                if result != .fails, result != .holds { undecided += 1 }
            }
        }
        precondition(undecided == 0, "the frame is not full")
        measurement.report(
            "\(numbers.count) conditions of the catalogue on one full frame",
            parts: program.stepCount)
    }

    func measureRules(_ rules: RuleSet) {
        measure(rules, sheet(), "on one full frame")
        var sent = FactSheet(catalogue: catalogue)
        for (name, value) in RiskBench.facts { sent.set(name, to: value) }
        measure(rules, sent, "on what one payment sends")
    }

    private func measure(_ rules: RuleSet, _ sheet: FactSheet, _ what: String) {
        var evaluator = Evaluator()
        var found = 0
        let measurement = Measurement(rounds) {
            let run = rules.run(
                over: sheet, industry: "default", at: 1_772_366_000, expects: { _ in true },
                evaluator: &evaluator)
            found += run.noHits + run.entries.count
        }
        precondition(found > 0)
        measurement.report("the set of \(rules.rules.count) rules \(what)")
    }

    /// The facts of the context on which no rule fires.
    private func sheet() -> FactSheet {
        var sheet = FactSheet(catalogue: catalogue)
        for line in sources.benignContext.text.split(separator: "\n") {
            guard line.hasPrefix("  "), let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].trimmingCharacters(in: .whitespaces)
            let text = line[line.index(after: colon)...]
                .trimmingCharacters(in: CharacterSet(charactersIn: " '"))
            guard let slot = catalogue.schema.slot(of: name) else { continue }
            sheet.set(name, to: Self.constant(text, catalogue.schema.facts[slot].type))
        }
        return sheet
    }

    private static func constant(_ text: String, _ type: ValueType) -> Constant? {
        switch type {
        case .bool: .bool(text == "true")
        case .int: Int64(text).map { .int($0) }
        case .double: Double(text).map { .double($0) }
        case .string: .string(text)
        default:
            .list(
                text.split(separator: ",").map {
                    .string($0.trimmingCharacters(in: CharacterSet(charactersIn: " []'")))
                })
        }
    }
}
