internal import RuleLanguage

/// A rule with all that it depends on, for people.
public struct RuleDescription: Sendable {
    public var rule: Rule
    /// Static cost, in nodes.
    public var cost: Int
    /// Where it stands.
    public var file: String
    public var line: Int
    public var facts: [FactCatalogue.Entry]
    public var parameters: [(name: String, value: String)]
    /// Lists that it looks into, with how many entries each has.
    public var lists: [(name: String, entries: Int)]
    /// Each test: what is given, what is missing, what is expected.
    public var tests: [String]
}

extension CompiledRules {
    /// Describes a rule; nil if the set has none such.
    public func describe(_ id: String) -> RuleDescription? {
        guard let rule = rules.rules.first(where: { $0.id == id }) else { return nil }
        var description = RuleDescription(
            rule: rule, cost: rules.cost(of: rule), file: "", line: 1,
            facts: rule.facts.map { rules.catalogue.entries[$0] },
            parameters: names(after: "P.", in: rule.condition).compactMap { name in
                contents.parameters[name].map { (name, "\($0.value.shown)") }
            },
            lists: names(after: "L.", in: rule.condition).compactMap { name in
                contents.lists[name].map { (name, $0.count) }
            }, tests: [])
        var reader = PackReader(catalogue: rules.catalogue, reasonCodes: rules.reasonCodes)
        for file in folder.files(in: "packs/") where file.text.contains(id) {
            guard let draft = reader.read(file)?.drafts.first(where: { $0.rule.id == id }) else {
                continue
            }
            description.file = file.name
            description.line = draft.node.line
            description.tests = draft.tests.map { $0.described }
        }
        return description
    }

    /// The rules with ids nearest to one that is not there.
    public func near(_ id: String) -> [String] {
        Suggestions.nearest(to: id, among: rules.rules.map(\.id))
    }

    /// Names that follow a prefix such as `P.`, in the order of the alphabet.
    private func names(after prefix: String, in condition: String) -> [String] {
        var names: Set<String> = []
        var isWord = false
        var rest = condition[...]
        while let letter = rest.first {
            if !isWord, rest.hasPrefix(prefix) {
                let name = rest.dropFirst(prefix.count).prefix {
                    $0.isLetter || $0.isNumber || $0 == "_"
                }
                names.insert(String(name))
            }
            isWord = letter.isLetter || letter.isNumber || letter == "_" || letter == "."
            rest = rest.dropFirst()
        }
        return names.sorted()
    }
}

extension Pack.Test {
    fileprivate var described: String {
        let given = given.map { "\($0.name) = \($0.value.shortText)" }
        let missing = missing.map { "no \($0.shortText)" }
        let all = (given + missing).joined(separator: ", ")
        return "\(all.isEmpty ? "as the benign context is" : all): \(expect.rawValue)"
    }
}

extension SourceNode {
    /// A value in a line, for people.
    fileprivate var shortText: String {
        if let scalar = node.scalar { return scalar.string }
        if let sequence = node.sequence {
            return "["
                + sequence.map { SourceNode(node: $0, file: file).shortText }
                .joined(separator: ", ") + "]"
        }
        return "…"
    }
}

extension Constant {
    /// The value as it stands in a file.
    var shown: String {
        switch self {
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): value
        case .bool(let value): "\(value)"
        default: "\(self)"
        }
    }
}
