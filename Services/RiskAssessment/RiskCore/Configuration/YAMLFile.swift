internal import Yams

/// Reads the text of a YAML file into a tree with places.
enum YAMLFile {
    static let maximumBytes = 4 << 20
    static let maximumNesting = 64
    /// So few that aliases of aliases cannot stand for much more than the file has.
    static let maximumAliases = 16

    /// Nil, with a problem, if the text is no YAML or asks for more than it may.
    static func parse(_ text: String, file: String, _ problems: inout [Problem]) -> SourceNode? {
        guard text.utf8.count <= maximumBytes else {
            problems.append(whole(file, "the file is over \(maximumBytes) bytes"))
            return nil
        }
        if let line = tooDeep(text) {
            problems.append(
                Problem(
                    file: file, line: line, column: 1,
                    message: "nested more than \(maximumNesting) levels deep"))
            return nil
        }
        if let line = tooManyAliases(text) {
            problems.append(
                Problem(
                    file: file, line: line, column: 1,
                    message: "more than \(maximumAliases) aliases ('*name'); write the values out"))
            return nil
        }
        do {
            // Values are read as what a place asks for, so that their types need not be guessed.
            guard let node = try Yams.compose(yaml: text, .basic) else {
                problems.append(whole(file, "the file is empty"))
                return nil
            }
            return SourceNode(node: node, file: file)
        } catch let error as YamlError {
            problems.append(problem(error, file))
        } catch {
            problems.append(whole(file, "\(error)"))
        }
        return nil
    }

    private static func whole(_ file: String, _ message: String) -> Problem {
        Problem(file: file, line: 1, column: 1, message: message)
    }

    private static func problem(_ error: YamlError, _ file: String) -> Problem {
        switch error {
        case .scanner(_, let message, let mark, _), .parser(_, let message, let mark, _),
            .composer(_, let message, let mark, _):
            Problem(file: file, line: mark.line, column: mark.column, message: message)
        case .duplicatedKeysInMapping(let duplicates, let context):
            Problem(
                file: file, line: context.mark.line, column: context.mark.column,
                message: "the same key twice: \(duplicates.joined(separator: ", "))")
        default: whole(file, "\(error)")
        }
    }

    /// The line in which there is one alias too many. Counts every star that may begin one: where a
    /// value may stand, before a character of a name.
    private static func tooManyAliases(_ text: String) -> Int? {
        var line = 1
        var count = 0
        var isValue = true
        var isStar = false
        for byte in text.utf8 {
            if isStar, byte != UInt8(ascii: " "), byte != UInt8(ascii: "\n") {
                count += 1
                if count > maximumAliases { return line }
            }
            isStar = isValue && byte == UInt8(ascii: "*")
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                isValue = true
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "?"), UInt8(ascii: ","),
                UInt8(ascii: "["), UInt8(ascii: "{"):
                isValue = true
            default: isValue = false
            }
        }
        return nil
    }

    /// The first line that may nest too deep: a bound that never counts too little, so that the
    /// parser's recursion is bounded before it starts.
    private static func tooDeep(_ text: String) -> Int? {
        var line = 1
        var flow = 0
        var leading = 0
        var isLeading = true
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                leading = 0
                isLeading = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                flow += 1
                isLeading = false
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                flow -= 1
                isLeading = false
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
                if isLeading { leading += 1 }
            default:
                isLeading = false
            }
            if flow > maximumNesting || leading > 4 * maximumNesting { return line }
        }
        return nil
    }
}
