internal import RuleLanguage

/// Reads lists of texts: one entry a line, optionally followed by `;source;added`. Lines that are
/// empty or start with `#` are left out.
struct ListReader {
    static let maximumLists = 256
    static let maximumEntries = 10_000_000

    var problems: [Problem] = []

    mutating func read(_ files: [RuleSources.File]) -> [String: [String]] {
        var lists: [String: [String]] = [:]
        for file in files {
            let base = file.name.split(separator: "/").last ?? ""
            let name = String(base.prefix { $0 != "." })
            if !PackReader.isName(name) || lists.count >= Self.maximumLists {
                refuse(
                    file, 1,
                    "a list's file has a plain name, and there are at most \(Self.maximumLists)")
            }
            lists[name] = entries(of: file)
        }
        return lists
    }

    private mutating func entries(of file: RuleSources.File) -> [String] {
        var entries: [String] = []
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            let fields = line.split(separator: ";", omittingEmptySubsequences: false)
            if fields.count > 3 {
                refuse(file, index + 1, "expected entry;source;added, found \(fields.count) fields")
            }
            entries.append(String(fields[0]))
        }
        if entries.count > Self.maximumEntries {
            refuse(file, 1, "\(entries.count) entries; at most \(Self.maximumEntries) are allowed")
        }
        return entries
    }

    private mutating func refuse(_ file: RuleSources.File, _ line: Int, _ message: String) {
        problems.append(Problem(file: file.name, line: line, column: 1, message: message))
    }
}
