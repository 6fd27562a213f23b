/// Names close to one that was not found, for the person who reads the error.
enum NearNames {
    /// Up to three names whose edit distance is at most a third of the wanted name's length,
    /// nearest first.
    static func of(_ wanted: String, among names: some Sequence<String>) -> [String] {
        let limit = max(2, wanted.utf8.count / 3)
        return names.prefix(10_000)
            .map { (name: $0, distance: distance(Array(wanted.utf8), Array($0.utf8))) }
            .filter { $0.distance <= limit }
            .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
            .prefix(3).map(\.name)
    }

    /// `; did you mean "a", "b"`, or nothing.
    static func hint(_ wanted: String, among names: some Sequence<String>) -> String {
        let near = of(wanted, among: names)
        if near.isEmpty { return "" }
        return "; did you mean " + near.map { "\"\($0)\"" }.joined(separator: ", ") + "?"
    }

    /// Levenshtein distance over bytes, of texts cut to 256.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        let (a, b) = (a.prefix(256), b.prefix(256))
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
