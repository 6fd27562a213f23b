internal import FeatureEngine
internal import Yams

/// A mapping of a definition file, read key by key; a key nobody asked for is a problem.
struct YAMLObject {
    let location: SourceLocation
    private let entries: [(key: Located<String>, node: Node)]
    private var known: Set<String> = []

    /// Reports and returns nil if the node is not a mapping.
    init?(_ node: Node, _ what: String, in file: String, _ problems: inout [DefinitionProblem]) {
        location = node.location(in: file)
        guard let mapping = node.mapping else {
            problems.append(DefinitionProblem("\(what) must be a mapping", at: location))
            return nil
        }
        var entries: [(key: Located<String>, node: Node)] = []
        for (key, value) in mapping {
            guard let name = key.string else {
                problems.append(
                    DefinitionProblem("a key must be text", at: key.location(in: file)))
                continue
            }
            entries.append((Located(name, at: key.location(in: file)), value))
        }
        self.entries = entries
    }

    /// Every entry, in the order of the file.
    var all: [(key: Located<String>, node: Node)] { entries }

    mutating func node(_ key: String) -> Node? {
        known.insert(key)
        return entries.first { $0.key.value == key }?.node
    }

    /// Reports the keys that were not asked for, with the nearest that were.
    func finish(_ problems: inout [DefinitionProblem]) {
        for (key, _) in entries where !known.contains(key.value) {
            let hint = NearestName.hint(key.value, among: known)
            let expected =
                hint.isEmpty ? "; the keys are \(known.sorted().joined(separator: ", "))" : hint
            problems.append(
                DefinitionProblem("unknown key \"\(key.value)\"\(expected)", at: key.location))
        }
    }
}

extension Node {
    func location(in file: String) -> SourceLocation {
        SourceLocation(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    func located(in file: String) -> Located<String>? {
        scalar.map { scalar in
            let isQuoted = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
            return Located(
                scalar.string, at: location(in: file).advanced(by: isQuoted ? 1 : 0))
        }
    }
}
