internal import Yams

/// A part of a YAML file that knows where it stands. Reading it collects problems instead of
/// throwing, so that an author sees all of them at once.
struct SourceNode {
    let node: Node
    let file: String

    var line: Int { node.mark?.line ?? 1 }
    var column: Int { node.mark?.column ?? 1 }

    func problem(_ message: String) -> Problem {
        Problem(file: file, line: line, column: column, message: message)
    }

    private var kind: String {
        switch node {
        case .scalar(let scalar): "'\(scalar.string.prefix(40))'"
        case .mapping: "a map"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    /// The entries of a map in their order. Keys that are no plain text are problems.
    func entries(_ problems: inout [Problem]) -> [(
        key: String, keyNode: SourceNode, value: SourceNode
    )] {
        guard let mapping = node.mapping else {
            problems.append(problem("expected a map, found \(kind)"))
            return []
        }
        return mapping.compactMap { key, value in
            guard let name = key.scalar?.string else {
                problems.append(SourceNode(node: key, file: file).problem("expected a name"))
                return nil
            }
            return (
                name, SourceNode(node: key, file: file), SourceNode(node: value, file: file)
            )
        }
    }

    /// The values of a map whose keys are known. Unknown and missing keys are problems; `examples`
    /// say what to write for a missing one.
    func object(
        required: [String], optional: [String] = [], examples: [String: String] = [:],
        _ problems: inout [Problem]
    ) -> [String: SourceNode] {
        var found: [String: SourceNode] = [:]
        for (key, keyNode, value) in entries(&problems) {
            if required.contains(key) || optional.contains(key) {
                found[key] = value
            } else {
                let known = (required + optional).joined(separator: ", ")
                problems.append(
                    keyNode.problem("unknown key '\(key.prefix(40))'; known are \(known)"))
            }
        }
        guard node.mapping != nil else { return found }
        for key in required where found[key] == nil {
            let advice = examples[key].map { "; write for example '\($0)'" } ?? ""
            problems.append(problem("the key '\(key)' is missing" + advice))
        }
        return found
    }

    func list(_ problems: inout [Problem]) -> [SourceNode] {
        guard let sequence = node.sequence else {
            problems.append(problem("expected a list, found \(kind)"))
            return []
        }
        return sequence.map { SourceNode(node: $0, file: file) }
    }

    func text(_ problems: inout [Problem]) -> String? {
        guard let scalar = node.scalar else {
            problems.append(problem("expected a text, found \(kind)"))
            return nil
        }
        return scalar.string
    }

    func texts(_ problems: inout [Problem]) -> [String] {
        list(&problems).compactMap { $0.text(&problems) }
    }

    /// One of a few words.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type, _ problems: inout [Problem]
    ) -> Choice? where Choice.RawValue == String {
        guard let text = text(&problems) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            problems.append(problem("expected one of \(known), found \(kind)"))
            return nil
        }
        return choice
    }

    func int(_ range: ClosedRange<Int64>, _ problems: inout [Problem]) -> Int64? {
        guard let scalar = node.scalar, scalar.style == .any || scalar.style == .plain,
            let value = Int64(scalar.string)
        else {
            problems.append(problem("expected a whole number, found \(kind)"))
            return nil
        }
        guard range.contains(value) else {
            problems.append(
                problem("expected \(range.lowerBound) to \(range.upperBound), found \(value)"))
            return nil
        }
        return value
    }

    func double(_ range: ClosedRange<Double>, _ problems: inout [Problem]) -> Double? {
        guard let scalar = node.scalar, let value = Double(scalar.string), value.isFinite else {
            problems.append(problem("expected a number, found \(kind)"))
            return nil
        }
        guard range.contains(value) else {
            problems.append(
                problem("expected \(range.lowerBound) to \(range.upperBound), found \(value)"))
            return nil
        }
        return value
    }

    func bool(_ problems: inout [Problem]) -> Bool? {
        switch node.scalar?.string {
        case "true": return true
        case "false": return false
        default:
            problems.append(problem("expected true or false, found \(kind)"))
            return nil
        }
    }

    var isNull: Bool { node.scalar.map { $0.string == "null" || $0.string.isEmpty } ?? false }
}
