/// How often rules of the candidate held together with rules of the live set.
struct RuleOverlap {
    /// Room for this many pairs; the rules that changed come first.
    static let maximumPairs = 4_000_000

    /// Row of each rule by its position among the plan's ids; nil: it has none.
    private let rows: [Int?]
    private let columns: Int
    private var counts: [UInt32]

    init(_ plan: BacktestPlan) {
        columns = plan.ids.count
        let most = columns == 0 ? 0 : Self.maximumPairs / columns
        let ranked =
            plan.ids.indices.filter { plan.changes[$0] != .same }
            + plan.ids.indices.filter { plan.changes[$0] == .same }
        var rows = [Int?](repeating: nil, count: columns)
        for (row, position) in ranked.prefix(most).enumerated() { rows[position] = row }
        self.rows = rows
        counts = [UInt32](repeating: 0, count: min(columns, most) * columns)
    }

    /// - Parameters:
    ///   - after: positions of the candidate's rules that held.
    ///   - before: positions of the live rules that held.
    mutating func add(after: [Int], before: [Int]) {
        for position in after {
            guard let row = rows[position] else { continue }
            for other in before { counts[row * columns + other] &+= 1 }
        }
    }

    mutating func merge(_ other: RuleOverlap) {
        for index in counts.indices { counts[index] &+= other.counts[index] }
    }

    /// The other live rule whose hits are most alike, with the Jaccard index in thousandths, rounded
    /// down; nil if none ever held together with it.
    func nearest(
        to position: Int, hits: UInt64, liveHits: [UInt64]
    ) -> (position: Int, share: UInt32)? {
        guard let row = rows[position] else { return nil }
        var best: (position: Int, both: UInt64, either: UInt64)?
        for other in 0..<columns where other != position {
            let both = UInt64(counts[row * columns + other])
            guard both > 0 else { continue }
            let either = hits + liveHits[other] - both
            // Fractions compared crosswise: exact, and the lower id wins among equals.
            if let found = best, both * found.either <= found.both * either { continue }
            best = (other, both, either)
        }
        return best.map { ($0.position, UInt32($0.both * 1000 / max(1, $0.either))) }
    }
}
