internal import Yams

/// A part of a YAML file that knows where it stands. Reading it collects problems instead of
/// throwing, so that an author sees all of them at once.
struct FileNode {
    let node: Node
    let file: String

    var line: Int { node.mark?.line ?? 1 }
    var column: Int { node.mark?.column ?? 1 }

    func problem(_ message: String) -> FileProblem {
        FileProblem(file: file, line: line, column: column, message: message)
    }

    var kind: String {
        switch node {
        case .scalar(let scalar): "\"\(scalar.string.prefix(40))\""
        case .mapping: "a map"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    /// The values of a map whose keys are known. Unknown and missing keys are problems.
    func object(
        _ what: String, required: [String], optional: [String] = [], _ problems: inout [FileProblem]
    ) -> [String: FileNode] {
        guard let mapping = node.mapping else {
            problems.append(problem("\(what): expected a map, found \(kind)"))
            return [:]
        }
        let known = required + optional
        var found: [String: FileNode] = [:]
        for (key, value) in mapping.prefix(256) {
            let place = FileNode(node: key, file: file)
            guard let name = key.scalar?.string else {
                problems.append(place.problem("\(what): a key is a text, found \(place.kind)"))
                continue
            }
            if known.contains(name) {
                found[name] = FileNode(node: value, file: file)
            } else {
                let hint = NearNames.hint(name, among: known)
                let text = hint.isEmpty ? "; known are \(known.joined(separator: ", "))" : hint
                problems.append(
                    place.problem("\(what): unknown key \"\(name.prefix(40))\"\(text)"))
            }
        }
        for key in required where found[key] == nil {
            problems.append(problem("\(what): \"\(key)\" is missing"))
        }
        return found
    }

    /// The entries of a list that has at most so many.
    func list(_ what: String, maximum: Int, _ problems: inout [FileProblem]) -> [FileNode] {
        guard let sequence = node.sequence else {
            problems.append(problem("\(what): expected a list, found \(kind)"))
            return []
        }
        guard sequence.count <= maximum else {
            problems.append(
                problem("\(what): \(sequence.count) entries; there may be \(maximum)"))
            return []
        }
        return sequence.map { FileNode(node: $0, file: file) }
    }

    func text(_ what: String, maximum: Int, _ problems: inout [FileProblem]) -> String? {
        guard let scalar = node.scalar else {
            problems.append(problem("\(what): expected a text, found \(kind)"))
            return nil
        }
        guard !scalar.string.isEmpty else {
            problems.append(problem("\(what) is empty"))
            return nil
        }
        guard scalar.string.utf8.count <= maximum else {
            problems.append(
                problem("\(what): \(scalar.string.utf8.count) bytes; there may be \(maximum)"))
            return nil
        }
        return scalar.string
    }

    /// A name of lower-case letters, digits and `extra`, with a letter first.
    func name(
        _ what: String, extra: Character = "-", _ problems: inout [FileProblem]
    ) -> String? {
        guard let text = text(what, maximum: 63, &problems) else { return nil }
        let isName =
            text.first.map { ("a"..."z").contains($0) } ?? false
            && text.allSatisfy {
                ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == extra
            }
        guard isName else {
            problems.append(
                problem(
                    "\(what): \"\(text)\" is no name; expected a lower-case letter, then letters, "
                        + "digits and \"\(extra)\""))
            return nil
        }
        return text
    }

    func int(
        _ what: String, _ range: ClosedRange<Int>, _ problems: inout [FileProblem]
    ) -> Int? {
        guard let scalar = node.scalar, scalar.style == .any || scalar.style == .plain,
            let value = Int(scalar.string)
        else {
            problems.append(problem("\(what): expected a whole number, found \(kind)"))
            return nil
        }
        guard range.contains(value) else {
            problems.append(
                problem(
                    "\(what): expected \(range.lowerBound) to \(range.upperBound), found \(value)"))
            return nil
        }
        return value
    }

    func double(_ what: String, _ problems: inout [FileProblem]) -> Double? {
        guard let scalar = node.scalar, scalar.style == .any || scalar.style == .plain,
            let value = Double(scalar.string), value.isFinite
        else {
            problems.append(problem("\(what): expected a number, found \(kind)"))
            return nil
        }
        return value
    }

    func bool(_ what: String, _ problems: inout [FileProblem]) -> Bool? {
        switch node.scalar?.string {
        case "true": return true
        case "false": return false
        default:
            problems.append(problem("\(what): expected true or false, found \(kind)"))
            return nil
        }
    }

    /// One of a few words.
    func choice<Choice>(
        _ what: String, _ choices: KeyValuePairs<String, Choice>, _ problems: inout [FileProblem]
    ) -> Choice? {
        let text = node.scalar?.string
        if let found = choices.first(where: { $0.key == text }) { return found.value }
        let known = choices.map(\.key)
        problems.append(
            problem(
                "\(what): expected \(known.joined(separator: ", ")), found \(kind)"
                    + NearNames.hint(text ?? "", among: known)))
        return nil
    }

    /// A whole number of seconds, minutes, hours or days, such as `24h`; at most ten years.
    func seconds(_ what: String, _ problems: inout [FileProblem]) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        let text = node.scalar?.string ?? ""
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()),
            count >= 0, count <= 315_360_000 / unit
        else {
            problems.append(
                problem("\(what): expected a time such as 90s, 15m, 24h or 30d, found \(kind)"))
            return nil
        }
        return count * unit
    }
}
