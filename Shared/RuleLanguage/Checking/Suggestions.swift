/// Names near a misspelt one, for diagnostics.
package enum Suggestions {
    /// The three names with the fewest single-letter changes (Damerau–Levenshtein, restricted
    /// variant) from `name`, nearest first.
    package static func nearest(to name: String, among candidates: [String]) -> [String] {
        guard name.utf8.count <= 128 else { return [] }
        let wanted = Array(name.lowercased().utf8)
        let ranked: [(distance: Int, name: String)] = candidates.map { candidate in
            (distance(wanted, Array(candidate.lowercased().utf8)), candidate)
        }
        let sorted = ranked.sorted { a, b in
            a.distance != b.distance ? a.distance < b.distance : a.name < b.name
        }
        return sorted.prefix(3).map(\.name)
    }

    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in b.indices {
                var best = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = min(best, before[j - 1] + 1)
                }
                row.append(best)
            }
            before = last
            last = row
        }
        return last[b.count]
    }
}
