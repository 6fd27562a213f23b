internal import RuleLanguage

/// Runs the tests that stand in the packs: each lays a few facts over the benign context, on which
/// no rule may fire, and takes others away.
struct RuleTestRun {
    let catalogue: FactCatalogue
    private var environment: RuleEnvironment
    var problems: [Problem] = []

    init(catalogue: FactCatalogue, environment: RuleEnvironment) {
        self.catalogue = catalogue
        self.environment = environment
    }

    /// The context has its own shared parameters and list entries, so that tuning a value or
    /// filling a list breaks no test.
    mutating func run(_ drafts: [Pack.Draft], benign: RuleSources.File) {
        guard let root = YAMLFile.parse(benign.text, file: benign.name, &problems) else { return }
        let keys = root.object(
            required: ["format", "facts"], optional: ["parameters", "lists", "note"], &problems)
        var frame = FactFrame(schema: catalogue.schema)
        for (name, nameNode, node) in keys["facts"]?.entries(&problems) ?? [] {
            set(name, nameNode, node, in: &frame)
        }
        overlay(keys)
        var builder = ProgramBuilder(environment: environment)
        var numbers: [Int] = []
        for draft in drafts {
            do {
                numbers.append(try builder.addCondition(draft.rule.condition))
            } catch {
                problems += error.diagnostics.map { RuleSetLoader.place($0, in: draft.when) }
                return
            }
        }
        let program = builder.build()
        var evaluator = Evaluator()
        for (draft, number) in zip(drafts, numbers) {
            if evaluator.condition(number, of: program, over: frame) != .fails {
                problems.append(
                    draft.node.problem(
                        "\(draft.rule.id) does not stay silent on the benign context \(benign.name)"
                    ))
            }
            for test in draft.tests {
                check(test, draft.rule.id, number, program, frame, &evaluator)
            }
        }
    }

    private mutating func overlay(_ keys: [String: SourceNode]) {
        for (name, _, node) in keys["parameters"]?.entries(&problems) ?? [] {
            guard let value = node.int(Int64.min...Int64.max, &problems) else { continue }
            let isMoney = environment.parameters[name]?.isMoney ?? false
            environment.parameters[name] = Parameter(value: .int(value), isMoney: isMoney)
        }
        for (name, _, node) in keys["lists"]?.entries(&problems) ?? [] {
            environment.lists[name] = TextSet(node.texts(&problems))
        }
    }

    private mutating func check(
        _ test: Pack.Test, _ id: String, _ number: Int, _ program: Program, _ benign: FactFrame,
        _ evaluator: inout Evaluator
    ) {
        let known = problems.count
        var frame = benign
        for (name, node) in test.given { set(name, node, node, in: &frame) }
        for node in test.missing {
            guard let name = node.text(&problems) else { continue }
            guard let slot = catalogue.schema.slot(of: name) else {
                refuse(name, node)
                continue
            }
            frame.clear(slot)
        }
        // Facts that could not be laid over the context say nothing of the rule.
        guard problems.count == known else { return }
        let found: Pack.Test.Expectation =
            switch evaluator.condition(number, of: program, over: frame) {
            case .holds: .hit
            case .fails: .noHit
            case .missing: .notEvaluated
            case .failed: .error
            }
        if found != test.expect {
            problems.append(
                test.node.problem(
                    "the test of \(id) expects \(test.expect.rawValue), found \(found.rawValue); "
                        + "change the condition, or write 'expect: \(found.rawValue)'"))
        }
    }

    private mutating func refuse(_ name: String, _ node: SourceNode) {
        let names = catalogue.entries.map(\.name)
        problems.append(
            node.problem(
                "unknown fact '\(name.prefix(64))'\(PackReader.nearest(name, among: names))"))
    }

    private mutating func set(
        _ name: String, _ nameNode: SourceNode, _ node: SourceNode, in frame: inout FactFrame
    ) {
        guard let slot = catalogue.schema.slot(of: name) else {
            refuse(name, nameNode)
            return
        }
        let constant: Constant? =
            switch catalogue.schema.facts[slot].type {
            case .bool: node.bool(&problems).map { .bool($0) }
            case .int: node.int(Int64.min...Int64.max, &problems).map { .int($0) }
            case .double: node.double(-1e300...1e300, &problems).map { .double($0) }
            case .string: node.text(&problems).map { .string($0) }
            default: .list(node.texts(&problems).map { .string($0) })
            }
        if let constant, !frame.set(slot, to: constant) {
            problems.append(node.problem("the value is larger than a fact may be"))
        }
    }
}
