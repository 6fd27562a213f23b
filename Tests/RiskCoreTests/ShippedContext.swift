import Foundation
import RuleLanguage

@testable import RiskCore

/// The benign context, what the catalogue lays over it to make each rule fire, and the shipped
/// rules with the context's own lists and the amounts of the profile `seed`.
struct ShippedContext {
    let rules: RuleSet
    let catalogue: [String: [String: String]]
    /// Fact by fact, in the order of the file.
    let benign: [(name: String, value: Constant)]
    let triggers: [String: [String: Constant]]
    /// Every value that a context, a trigger or a rule's own test gives a fact.
    let values: [String: [Constant]]
    let environment: RuleEnvironment

    init() throws {
        var sources = try RuleSources(directory: Repository.rules)
        var problems: [Problem] = []
        let root = try Self.root(sources.benignContext, &problems)
        let keys = root.object(
            required: ["format", "facts", "parameters", "lists"], &problems)
        var lists: [String: [String]] = [:]
        for (name, _, node) in keys["lists"]?.entries(&problems) ?? [] {
            lists[name] = node.texts(&problems)
        }
        sources.lists = lists.sorted { $0.key < $1.key }.map {
            RuleSources.File(
                name: "lists/\($0.key).txt", text: $0.value.joined(separator: "\n") + "\n")
        }
        var loader = RuleSetLoader(sources, profile: "seed")
        rules = try loader.load()
        catalogue = try Repository.catalogue()

        let schema = rules.catalogue.schema
        benign = (keys["facts"]?.entries(&problems) ?? []).compactMap { name, _, node in
            Self.constant(node, of: name, schema).map { (name, $0) }
        }
        triggers = try Self.readTriggers(schema)
        values = try Self.values(benign, triggers, sources.packs, schema)

        var environment = RuleEnvironment(facts: schema, lists: lists.mapValues { TextSet($0) })
        for (name, _, node) in keys["parameters"]?.entries(&problems) ?? [] {
            let value = node.int(0...Int64.max, &problems) ?? 0
            environment.parameters[name] = Parameter(value: .int(value), isMoney: true)
        }
        self.environment = environment
        if !problems.isEmpty { throw ConfigurationFailure(problems) }
    }

    /// The benign facts with some others over them and some taken away.
    func sheet(
        over facts: [String: Constant] = [:], without missing: some Sequence<String> = []
    ) -> FactSheet {
        var sheet = FactSheet(catalogue: rules.catalogue)
        for (name, value) in benign { sheet.set(name, to: facts[name] ?? value) }
        for name in missing { sheet.miss(name, .absent) }
        return sheet
    }

    /// The verdict of every rule of a set, whatever industry it is for.
    static func verdicts(of rules: RuleSet, over sheet: FactSheet) -> [String: RuleVerdict] {
        var evaluator = Evaluator()
        var verdicts: [String: RuleVerdict] = [:]
        for industry in ["default"] + Industries.names {
            let run = rules.run(
                over: sheet, industry: industry, at: 1_772_366_000, expects: { _ in true },
                evaluator: &evaluator)
            for rule in rules.rules where rule.industries?.contains(industry) ?? true {
                verdicts[rule.id] = .noHit
            }
            for entry in run.entries { verdicts[rules.rules[entry.rule].id] = entry.verdict }
        }
        return verdicts
    }

    // MARK: Reading

    private static func root(
        _ file: RuleSources.File, _ problems: inout [Problem]
    ) throws -> SourceNode {
        guard let root = YAMLFile.parse(file.text, file: file.name, &problems) else {
            throw ConfigurationFailure(problems)
        }
        return root
    }

    private static func readTriggers(
        _ schema: FactSchema
    ) throws -> [String: [String: Constant]] {
        let data = try Repository.fixture("trigger-vectors.json")
        let objects = try JSONSerialization.jsonObject(with: data) as? [String: [String: Any]]
        return (objects ?? [:]).mapValues { facts in
            var constants: [String: Constant] = [:]
            for (name, value) in facts {
                if let texts = value as? [String] {
                    constants[name] = .list(texts.map { .string($0) })
                } else if let slot = schema.slot(of: name) {
                    constants[name] = constant("\(value)", schema.facts[slot].type)
                }
            }
            return constants
        }
    }

    private static func values(
        _ benign: [(name: String, value: Constant)], _ triggers: [String: [String: Constant]],
        _ packs: [RuleSources.File], _ schema: FactSchema
    ) throws -> [String: [Constant]] {
        var values: [String: [Constant]] = [:]
        for (name, value) in benign { values[name, default: []].append(value) }
        for (_, facts) in triggers.sorted(by: { $0.key < $1.key }) {
            for (name, value) in facts { values[name, default: []].append(value) }
        }
        var problems: [Problem] = []
        for pack in packs {
            let rules = try root(pack, &problems).entries(&problems)
                .first { $0.key == "rules" }?.value.list(&problems)
            for rule in rules ?? [] {
                let tests = rule.entries(&problems).first { $0.key == "tests" }?.value
                for test in tests?.list(&problems) ?? [] {
                    let given = test.entries(&problems).first { $0.key == "given" }?.value
                    for (name, _, node) in given?.entries(&problems) ?? [] {
                        if let value = constant(node, of: name, schema) {
                            values[name, default: []].append(value)
                        }
                    }
                }
            }
        }
        return values
    }

    private static func constant(
        _ node: SourceNode, of name: String, _ schema: FactSchema
    ) -> Constant? {
        guard let slot = schema.slot(of: name) else { return nil }
        var problems: [Problem] = []
        guard let text = node.text(&problems) else {
            return .list(node.texts(&problems).map { .string($0) })
        }
        return constant(text, schema.facts[slot].type)
    }

    private static func constant(_ text: String, _ type: ValueType) -> Constant? {
        switch type {
        case .bool: .bool(text == "true" || text == "1")
        case .int: Int64(text).map { .int($0) }
        case .double: Double(text).map { .double($0) }
        case .string: .string(text)
        default: nil
        }
    }
}
