internal import RuleLanguage

/// Reads lists of texts: one entry a line, optionally followed by `;source;added;expires`. An entry
/// counts for events from `added` until before `expires`; without a date it has no such end. Lines
/// that are empty or start with `#` are left out.
struct ListReader {
    static let maximumLists = 256
    static let maximumEntries = 10_000_000
    static let maximumEntryBytes = 1_024
    /// Problems of one file that are told one by one.
    static let maximumProblems = 100

    var problems: [Problem] = []
    /// What conditions ask, by the list's name.
    private(set) var sets: [String: TextSet] = [:]

    /// The entries of each list: the text alone, or the text with the seconds since 1970 between
    /// which it counts, `text;from;until`. Where an entry came from is for people and left out.
    mutating func read(_ files: [RuleSources.File]) -> [String: [String]] {
        var lists: [String: [String]] = [:]
        for file in files {
            let base = file.name.split(separator: "/").last ?? ""
            let name = String(base.prefix { $0 != "." })
            if !PackReader.isName(name) {
                refuse(
                    file, 1, 1,
                    "expected a list's name of small letters, digits and '_' such as ip_deny.txt, "
                        + "found '\(base.prefix(40))'")
            }
            if lists[name] != nil { refuse(file, 1, 1, "there are two lists named '\(name)'") }
            var list = ListFile(file)
            list.read()
            problems += list.problems
            lists[name] = list.lines
            sets[name] = TextSet(list.plain, dated: list.dated)
        }
        if files.count > Self.maximumLists {
            refuse(
                files[Self.maximumLists], 1, 1,
                "\(files.count) lists; at most \(Self.maximumLists) are allowed")
        }
        return lists
    }

    private mutating func refuse(
        _ file: RuleSources.File, _ line: Int, _ column: Int, _ message: String
    ) {
        problems.append(Problem(file: file.name, line: line, column: column, message: message))
    }
}

/// One list's file while it is read.
private struct ListFile {
    private let file: RuleSources.File
    private(set) var plain: [String] = []
    private(set) var dated: [TextSet.Dated] = []
    private(set) var problems: [Problem] = []
    private var refused = 0

    init(_ file: RuleSources.File) { self.file = file }

    var lines: [String] {
        plain + dated.map { "\($0.text);\($0.from);\($0.until)" }
    }

    mutating func read() {
        let text = file.text.utf8
        var number = 0
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let content = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard let first = content.first, first != UInt8(ascii: "#") else { continue }
            // Most entries are a text alone.
            if content.contains(UInt8(ascii: ";")) {
                readFields(Substring(content), number)
            } else if let entry = checked(Substring(content), number) {
                plain.append(entry)
            }
        }
        if plain.count + dated.count > ListReader.maximumEntries {
            refuse(
                1, 1,
                "\(plain.count + dated.count) entries; at most \(ListReader.maximumEntries) are "
                    + "allowed")
        }
        if refused > ListReader.maximumProblems {
            problems.append(
                Problem(
                    file: file.name, line: number, column: 1,
                    message: "\(refused - ListReader.maximumProblems) more problems of this list"))
        }
    }

    private mutating func readFields(_ line: Substring, _ number: Int) {
        let fields = line.split(separator: ";", omittingEmptySubsequences: false)
        if fields.count > 4 {
            let column = Self.column(of: 4, in: fields)
            refuse(
                number, column, "expected entry;source;added;expires, found \(fields.count) fields")
        }
        let from = time(2, fields, number)
        let until = time(3, fields, number)
        guard let entry = checked(fields[0], number) else { return }
        if let from, let until, from >= until {
            refuse(
                number, Self.column(of: 3, in: fields),
                "'\(fields[3])' is not after '\(fields[2])', so the entry would never count")
        }
        if from == nil, until == nil {
            plain.append(entry)
        } else {
            dated.append(TextSet.Dated(entry, from: from ?? .min, until: until ?? .max))
        }
    }

    /// An entry as events have it: neither empty nor with spaces around it.
    private mutating func checked(_ entry: Substring, _ number: Int) -> String? {
        let bytes = entry.utf8
        if bytes.isEmpty {
            refuse(number, 1, "an entry is missing before ';'; write entry;source;added;expires")
            return nil
        }
        if bytes.count > ListReader.maximumEntryBytes {
            refuse(
                number, 1,
                "the entry has \(bytes.count) bytes; at most \(ListReader.maximumEntryBytes) are "
                    + "allowed")
            return nil
        }
        func isSpace(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: " ") || byte == 9 }
        if isSpace(bytes.first) || isSpace(bytes.last) {
            refuse(
                number, 1,
                "'\(entry.prefix(40))' has spaces around it and would never match; take them away")
            return nil
        }
        return String(entry)
    }

    private mutating func time(_ index: Int, _ fields: [Substring], _ number: Int) -> Int64? {
        guard index < fields.count, !fields[index].isEmpty else { return nil }
        guard let instant = Instant(dateOrTime: String(fields[index])) else {
            refuse(
                number, Self.column(of: index, in: fields),
                "expected a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z, found "
                    + "'\(fields[index].prefix(40))'")
            return nil
        }
        return instant.seconds
    }

    private static func column(of index: Int, in fields: [Substring]) -> Int {
        fields[..<index].reduce(1) { $0 + $1.count + 1 }
    }

    private mutating func refuse(_ line: Int, _ column: Int, _ message: String) {
        refused += 1
        guard refused <= ListReader.maximumProblems else { return }
        problems.append(Problem(file: file.name, line: line, column: column, message: message))
    }
}
