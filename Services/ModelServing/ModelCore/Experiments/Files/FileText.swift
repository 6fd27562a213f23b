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
        if let place = control(text) {
            problems.append(
                FileProblem(
                    file: file, line: place.line, column: place.column,
                    message: "a control character, U+\(String(place.code, radix: 16))"))
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
            if let node = try Yams.compose(yaml: withoutMark(text)) {
                return FileNode(node: node, file: file)
            }
            problems.append(whole("the file is empty"))
        } catch let error as YamlError {
            problems.append(problem(error, file) ?? whole("\(error)"))
        } catch {
            problems.append(whole("\(error)"))
        }
        return nil
    }

    /// Some editors begin every file with a byte order mark.
    private static func withoutMark(_ text: String) -> String {
        guard text.unicodeScalars.first == "\u{FEFF}" else { return text }
        return String(text.unicodeScalars.dropFirst())
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

    /// The first character that no YAML holds, and that no terminal should be sent.
    private static func control(_ text: String) -> (line: Int, column: Int, code: UInt32)? {
        var (line, column) = (1, 1)
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: (line, column) = (line + 1, 1)
            case 0x09, 0x0D, 0x85: column += 1
            case 0..<0x20, 0x7F..<0xA0: return (line, column, scalar.value)
            default: column += 1
            }
        }
        return nil
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
