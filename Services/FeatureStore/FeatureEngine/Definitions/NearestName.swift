/// The names closest to one that does not exist.
public enum NearestName {
    /// `", did you mean \"card_txn_cnt_1h\"?"`, or nothing if no name is close.
    public static func hint(_ name: String, among names: some Sequence<String>) -> String {
        let near = nearest(to: name, among: names)
        guard !near.isEmpty else { return "" }
        return "; did you mean " + near.map { "\"\($0)\"" }.joined(separator: " or ") + "?"
    }

    /// At most three names within a third of the length, closest first, equals by name.
    public static func nearest(to name: String, among names: some Sequence<String>) -> [String] {
        let wanted = Array(name.utf8.prefix(64))
        let limit = max(1, wanted.count / 3)
        return
            names.map { (name: $0, distance: distance(wanted, Array($0.utf8.prefix(64)))) }
            .filter { $0.distance <= limit }
            .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
            .prefix(3).map(\.name)
    }

    /// Insertions, deletions and substitutions from one to the other (Levenshtein).
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(diagonal + (x == y ? 0 : 1), above + 1, row[j] + 1)
                diagonal = above
            }
        }
        return row[b.count]
    }
}
