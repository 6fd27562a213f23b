internal import Yams

/// Reads the text of a YAML file into a tree with places.
enum FileText {
    static let maximumBytes = 256 << 10
    static let maximumNesting = 32

    /// Nil, with a problem, if the text is no YAML or asks for more than it may.
    static func parse(_ text: String, file: String, _ problems: inout [FileProblem]) -> FileNode? {
        func whole(_ message: String) -> FileProblem {
            FileProblem(file: file, line: 1, column: 1, message: message)
        }
        guard text.utf8.count <= maximumBytes else {
            problems.append(whole("\(text.utf8.count) bytes; there may be \(maximumBytes)"))
            return nil
        }
        if let line = tooDeep(text) {
            problems.append(
                FileProblem(
                    file: file, line: line, column: 1,
                    message: "nested more than \(maximumNesting) levels deep"))
            return nil
        }
        do {
            if let node = try Yams.compose(yaml: text) { return FileNode(node: node, file: file) }
            problems.append(whole("the file is empty"))
        } catch let error as YamlError {
            problems.append(problem(error, file) ?? whole("\(error)"))
        } catch {
            problems.append(whole("\(error)"))
        }
        return nil
    }

    private static func problem(_ error: YamlError, _ file: String) -> FileProblem? {
        switch error {
        case .scanner(_, let message, let mark, _), .parser(_, let message, let mark, _),
            .composer(_, let message, let mark, _):
            FileProblem(file: file, line: mark.line, column: mark.column, message: message)
        case .duplicatedKeysInMapping(let duplicates, let context):
            FileProblem(
                file: file, line: context.mark.line, column: context.mark.column,
                message: "the same key twice: \(duplicates.joined(separator: ", "))")
        default: nil
        }
    }

    /// The first line that may nest too deep: a bound that never counts too little, so that the
    /// parser's recursion is bounded before it starts.
    private static func tooDeep(_ text: String) -> Int? {
        var (line, flow, leading, isLeading) = (1, 0, 0, true)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"): (line, leading, isLeading) = (line + 1, 0, true)
            case UInt8(ascii: "["), UInt8(ascii: "{"): (flow, isLeading) = (flow + 1, false)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): (flow, isLeading) = (flow - 1, false)
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
                if isLeading { leading += 1 }
            default: isLeading = false
            }
            if flow > maximumNesting || leading > 4 * maximumNesting { return line }
        }
        return nil
    }
}
