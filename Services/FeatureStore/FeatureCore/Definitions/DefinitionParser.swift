public import FeatureEngine
internal import Yams

/// Reads definition files (YAML, format `assay.features/1`) into declarations.
public struct DefinitionParser {
    static let maximumBytes = 4 << 20

    let file: String
    var problems: [DefinitionProblem] = []

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
        let root: Node?
        do {
            root = try compose(yaml: text)
        } catch {
            reportSyntax(error, start)
            return nil
        }
        guard let root, var object = YAMLObject(root, "a definition file", in: file, &problems)
        else {
            if problems.isEmpty { report("the file is empty", at: start) }
            return nil
        }
        return parse(&object)
    }

    private mutating func reportSyntax(_ error: any Error, _ start: SourceLocation) {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _),
            YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            report(problem, at: SourceLocation(file: file, line: mark.line, column: mark.column))
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
        let owner = text("owner", of: &object)
        let description = text("description", of: &object)
        let sensitivity = text("sensitivity", of: &object)
        let currency = text("base_currency", of: &object)
        let purposes = texts(object.node("purposes"))
        if purposes.isEmpty { report("\"purposes\" is missing", at: object.location) }
        guard let package, let owner, let description, let sensitivity, let currency else {
            return nil
        }
        var parsed = DefinitionFile(
            package: package, owner: owner.value, description: description.value,
            sensitivity: sensitivity.value, purposes: purposes.map(\.value),
            baseCurrency: currency)
        parsed.entities = entries(object.node("entities"), "entities").compactMap {
            entity($0.key, $0.node)
        }
        parsed.events = entries(object.node("events"), "events").compactMap {
            event($0.key, $0.node)
        }
        for (entity, node) in entries(object.node("aggregates"), "aggregates") {
            parsed.aggregates += entries(node, "the aggregates of an entity").compactMap {
                aggregate($0.key, $0.node, of: entity, described: description.value)
            }
        }
        parsed.derived = entries(object.node("derived"), "derived").compactMap {
            derived($0.key, $0.node, described: description.value)
        }
        parsed.vectors = entries(object.node("vectors"), "vectors").compactMap {
            vector($0.key, $0.node)
        }
        object.finish(&problems)
        return parsed
    }

    // MARK: Pieces

    /// The entries of a mapping; none if it is not there.
    mutating func entries(_ node: Node?, _ what: String) -> [(key: Located<String>, node: Node)] {
        guard let node else { return [] }
        return YAMLObject(node, what, in: file, &problems)?.all ?? []
    }

    /// A text that must be there.
    mutating func text(_ key: String, of object: inout YAMLObject) -> Located<String>? {
        guard let node = object.node(key) else {
            report("\"\(key)\" is missing", at: object.location)
            return nil
        }
        guard let text = node.located(in: file), !text.value.isEmpty else {
            report("\"\(key)\" must be text", at: node.location(in: file))
            return nil
        }
        return text
    }

    /// A text, or a list of texts.
    mutating func texts(_ node: Node?) -> [Located<String>] {
        guard let node else { return [] }
        if let one = node.located(in: file) { return [one] }
        guard let sequence = node.sequence else {
            report("this must be a list of texts", at: node.location(in: file))
            return []
        }
        return sequence.compactMap { item in
            guard let text = item.located(in: file) else {
                report("this must be text", at: item.location(in: file))
                return nil
            }
            return text
        }
    }

    mutating func integer(_ node: Node) -> Int64? {
        guard let text = node.scalar?.string, let value = Int64(text) else {
            report("this must be a whole number", at: node.location(in: file))
            return nil
        }
        return value
    }

    mutating func flag(_ key: String, of object: inout YAMLObject) -> Bool {
        guard let node = object.node(key) else { return false }
        guard let value = node.bool else {
            report("\"\(key)\" must be true or false", at: node.location(in: file))
            return false
        }
        return value
    }

    /// `default: missing`; without it a feature without events is 0.
    mutating func defaultIsMissing(_ object: inout YAMLObject) -> Bool {
        guard let node = object.node("default") else { return false }
        switch node.scalar?.string {
        case "missing": return true
        case "0": return false
        default:
            report("default must be 0 or missing", at: node.location(in: file))
            return false
        }
    }
}
