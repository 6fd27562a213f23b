public import FeatureEngine
internal import Yams

/// Reads definition files (YAML, format `assay.features/1`) into declarations.
public struct DefinitionParser {
    /// Of all files of a set together, lists included.
    public static let maximumBytes = 4 << 20
    /// Of mappings and lists within each other.
    static let maximumDepth = 16
    static let maximumNodes = 500_000

    let file: String
    var problems: [DefinitionProblem] = []
    /// What is not said of a feature, it has from its file.
    var inherited = Documentation(owner: "", description: "", sensitivity: .low, purposes: [])
    var inheritsSensitivity = false

    private init(file: String) { self.file = file }

    /// - Parameter file: the name that errors carry.
    public static func parse(_ text: String, file: String) throws(DefinitionError) -> DefinitionFile
    {
        var parser = DefinitionParser(file: file)
        let parsed = parser.parse(text)
        guard let parsed, parser.problems.isEmpty else { throw DefinitionError(parser.problems) }
        return parsed
    }

    mutating func report(_ message: String, at location: SourceLocation) {
        problems.append(DefinitionProblem(message, at: location))
    }

    private mutating func parse(_ text: String) -> DefinitionFile? {
        let start = SourceLocation(file: file, line: 1, column: 1)
        guard text.utf8.count <= DefinitionParser.maximumBytes else {
            report("a definition file has at most 4 MiB", at: start)
            return nil
        }
        if let found = AnchorScan.first(in: text) {
            report(
                "& starts an anchor, which definitions do not have; in a text, a space goes behind"
                    + " it",
                at: SourceLocation(file: file, line: found.line, column: found.column))
            return nil
        }
        let root: Node?
        do {
            root = try compose(yaml: text)
        } catch {
            reportSyntax(error, start)
            return nil
        }
        var nodes = 0
        guard let root, checkSize(root, depth: 0, &nodes),
            var object = YAMLObject(root, "a definition file", in: file, &problems)
        else {
            if problems.isEmpty { report("the file is empty", at: start) }
            return nil
        }
        return parse(&object)
    }

    private mutating func checkSize(_ node: Node, depth: Int, _ nodes: inout Int) -> Bool {
        nodes += 1
        guard nodes <= DefinitionParser.maximumNodes else {
            report(
                "a definition file has at most \(DefinitionParser.maximumNodes) values",
                at: node.location(in: file))
            return false
        }
        guard depth <= DefinitionParser.maximumDepth else {
            report(
                "values are nested at most \(DefinitionParser.maximumDepth) deep",
                at: node.location(in: file))
            return false
        }
        if let mapping = node.mapping {
            for (key, value) in mapping {
                guard checkSize(key, depth: depth + 1, &nodes),
                    checkSize(value, depth: depth + 1, &nodes)
                else { return false }
            }
        }
        for item in node.sequence.map(Array.init) ?? [] {
            guard checkSize(item, depth: depth + 1, &nodes) else { return false }
        }
        return true
    }

    private mutating func reportSyntax(_ error: any Error, _ start: SourceLocation) {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _),
            YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            let isAlias = problem == "found undefined alias"
            report(
                isAlias
                    ? "* starts an alias, which definitions do not have; put a text in quotes"
                    : problem,
                at: SourceLocation(file: file, line: mark.line, column: mark.column))
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            let names = keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            report(
                "duplicate key \(names)",
                at: SourceLocation(
                    file: file, line: context.mark.line, column: context.mark.column))
        default:
            report("not YAML: \(error)", at: start)
        }
    }

    private mutating func parse(_ object: inout YAMLObject) -> DefinitionFile? {
        if let format = text("format", of: &object), format.value != "assay.features/1" {
            report("format must be assay.features/1", at: format.location)
        }
        let package = text("package", of: &object)
        _ = text("owner", of: &object)
        let currency = optionalText("base_currency", of: &object)
        inherited = inheritedDocumentation(&object)
        var parsed = DefinitionFile(
            package: package ?? Located("", at: object.location), documentation: inherited,
            baseCurrency: currency)
        parseReferenceData(&object, into: &parsed)
        parsed.entities = all("entities", of: &object) { $0.entity($1, $2) }
        parsed.events = all("events", of: &object) { $0.event($1, $2) }
        parsed.snapshots = all("snapshots", of: &object) { $0.snapshot($1, $2) }
        parsed.aggregates = perEntity("aggregates", of: &object) { $0.aggregate($1, $2, of: $3) }
        parsed.attributes = perEntity("attributes", of: &object) { $0.attribute($1, $2, of: $3) }
        parsed.tables = perEntity("tables", of: &object) { $0.table($1, $2, of: $3) }
        parsed.registers = perEntity("registers", of: &object) { $0.register($1, $2, of: $3) }
        parsed.recents = perEntity("recent", of: &object) { $0.recent($1, $2, of: $3) }
        parsed.derived = all("derived", of: &object) { $0.derived($1, $2) }
        parsed.vectors = all("vectors", of: &object) { $0.vector($1, $2) }
        parsed.grants = all("allow", of: &object) { $0.grant($1, $2) }
        object.finish(&problems)
        return package == nil ? nil : parsed
    }

    /// Every entry of a section.
    private mutating func all<T>(
        _ section: String, of object: inout YAMLObject,
        _ read: (inout Self, Located<String>, Node) -> T?
    ) -> [T] {
        entries(object.node(section), section).compactMap { read(&self, $0.key, $0.node) }
    }

    /// Every entry of a section that is ordered by entities.
    private mutating func perEntity<T>(
        _ section: String, of object: inout YAMLObject,
        _ read: (inout Self, Located<String>, Node, Located<String>) -> T?
    ) -> [T] {
        entries(object.node(section), section).flatMap { entity, node in
            entries(node, "the \(section) of an entity").compactMap {
                read(&self, $0.key, $0.node, entity)
            }
        }
    }
}
