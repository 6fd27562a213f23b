/// The text of a key file, changed where it must be and left alone elsewhere.
///
/// People write comments into these files. A change is made in the text itself and then read back: if
/// it says exactly what was meant, all else stays as it was. If the text is written in a way that
/// cannot be changed like that, the file is written anew and `keepsComments` tells so.
public struct APIKeyFileText: Sendable {
    public private(set) var text: String
    public private(set) var keys: APIKeyFile
    /// False once comments have been lost.
    public private(set) var keepsComments = true

    /// A file without keys.
    public init(file: String) {
        keys = APIKeyFile(file: file, entries: [])
        text = keys.yaml
    }

    public init(_ text: String, file: String) throws(ConfigurationError) {
        self.text = text
        keys = try APIKeyFile(yaml: text, file: file)
    }

    public subscript(id: String) -> APIKeyFile.Entry? {
        keys.entries.first { $0.id == id }
    }

    public mutating func append(_ entry: APIKeyFile.Entry) {
        let start = text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"
        let indentation = keys.entries.first.flatMap(indentation) ?? "  "
        take(
            [start + entry.yaml(indentation: indentation)], meaning: keys.entries + [entry])
    }

    public mutating func revoke(_ id: String) {
        set("state", to: APIKeyRecord.State.revoked.rawValue, of: id) { $0.state = .revoked }
    }

    /// - Parameter seconds: Since 1970.
    public mutating func expire(_ id: String, at seconds: Int64) {
        set("expires", to: String(seconds), of: id) { $0.expires = seconds }
    }

    // MARK: Changes of the text

    private mutating func set(
        _ field: String, to value: String, of id: String, _ change: (inout APIKeyFile.Entry) -> Void
    ) {
        guard let index = keys.entries.firstIndex(where: { $0.id == id }) else { return }
        var entries = keys.entries
        change(&entries[index])
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let first = keys.entries[index].line - 1
        let next = index + 1 < entries.count ? keys.entries[index + 1].line - 1 : lines.count
        guard first >= 0, first < next, next <= lines.count else {
            return take([], meaning: entries)
        }
        if let line = (first..<next).first(where: { Self.isField(lines[$0], field) }) {
            lines[line] = Self.changed(lines[line], field, value)
        } else {
            let column = (indentation(keys.entries[index]) ?? "  ") + "  "
            lines.insert("\(column)\(field): \(value)", at: first + 1)
        }
        take([lines.joined(separator: "\n")], meaning: entries)
    }

    /// Takes the first text that says what is meant, else writes the file anew.
    private mutating func take(_ candidates: [String], meaning entries: [APIKeyFile.Entry]) {
        for candidate in candidates {
            guard let read = try? APIKeyFile(yaml: candidate, file: keys.file),
                read.entries.elementsEqual(entries, by: Self.sayTheSame)
            else { continue }
            (text, keys) = (candidate, read)
            return
        }
        keepsComments = keepsComments && !text.contains("#")
        keys.entries = entries
        text = keys.yaml
        if let read = try? APIKeyFile(yaml: text, file: keys.file) { keys = read }
    }

    /// Where an entry stands does not matter to what it says.
    private static func sayTheSame(_ left: APIKeyFile.Entry, _ right: APIKeyFile.Entry) -> Bool {
        var left = left
        left.line = right.line
        return left == right
    }

    /// What stands before an entry's dash.
    private func indentation(_ entry: APIKeyFile.Entry) -> String? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(entry.line - 1) else { return nil }
        let blank = lines[entry.line - 1].prefix { $0 == " " }
        return lines[entry.line - 1].dropFirst(blank.count).first == "-" ? String(blank) : nil
    }

    private static func isField(_ line: String, _ field: String) -> Bool {
        line.drop { $0 == " " || $0 == "-" }.hasPrefix("\(field):")
    }

    /// The line with another value; its indentation and a comment behind the value stay.
    private static func changed(_ line: String, _ field: String, _ value: String) -> String {
        let head = line.prefix { $0 == " " || $0 == "-" }
        let comment = line.firstRange(of: " #").map { String(line[$0.lowerBound...]) } ?? ""
        return "\(head)\(field): \(value)\(comment)"
    }
}
