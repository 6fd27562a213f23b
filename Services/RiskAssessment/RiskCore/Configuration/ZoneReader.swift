internal import RuleLanguage

/// Reads the offsets of the named time zones: a line each of `zone`, a tab, and the minutes east of
/// UTC before the first change, followed by changes as `minutes since 1970:minutes east`; or
/// `=zone`, which is the same as one above.
struct ZoneReader {
    static let maximumMinutes: Int32 = 18 * 60

    var problems: [Problem] = []

    mutating func read(_ file: RuleSources.File) -> ZoneTable {
        var table = ZoneTable()
        var known: [Substring: [ZoneTable.Transition]] = [:]
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated()
        where !line.isEmpty && !line.hasPrefix("#") && line != "zone\toffsets" {
            func refuse(_ message: String) {
                problems.append(
                    Problem(file: file.name, line: index + 1, column: 1, message: message))
            }
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard columns.count == 2, !columns[0].isEmpty else {
                refuse("expected a zone, a tab and its offsets")
                continue
            }
            let transitions: [ZoneTable.Transition]?
            if columns[1].hasPrefix("=") {
                transitions = known[columns[1].dropFirst()]
                if transitions == nil { refuse("there is no zone \(columns[1].dropFirst()) above") }
            } else {
                transitions = Self.transitions(columns[1])
                if transitions == nil {
                    refuse("expected minutes, then changes such as 27007260:60")
                }
            }
            guard let transitions else { continue }
            guard known[columns[0]] == nil else {
                refuse("the zone \(columns[0]) stands twice")
                continue
            }
            known[columns[0]] = transitions
            table.add(String(columns[0]), transitions)
        }
        return table
    }

    private static func transitions(_ text: Substring) -> [ZoneTable.Transition]? {
        let parts = text.split(separator: " ")
        guard let first = parts.first, let start = offset(first) else { return nil }
        var transitions = [ZoneTable.Transition(from: .min, offset: start)]
        for part in parts.dropFirst() {
            let pair = part.split(separator: ":", omittingEmptySubsequences: false)
            guard pair.count == 2, let minute = Int32(pair[0]), let offset = offset(pair[1])
            else { return nil }
            transitions.append(ZoneTable.Transition(from: Int64(minute) * 60, offset: offset))
        }
        return transitions
    }

    /// Seconds.
    private static func offset(_ text: Substring) -> Int32? {
        guard let minutes = Int32(text), minutes.magnitude <= UInt32(maximumMinutes) else {
            return nil
        }
        return minutes * 60
    }
}
