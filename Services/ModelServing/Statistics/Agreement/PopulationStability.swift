internal import Numerics

/// How far a distribution has moved from a reference (population stability index).
public enum PopulationStability {
    /// No share counts as less: an empty cell would be infinitely far.
    public static let smallestShare = 1e-4

    /// Σ (c − r)·ln(c/r) over the cells, with shares floored and not renormalised. 0 if either has
    /// nothing in it.
    public static func index(reference: [Int], current: [Int]) -> Double {
        precondition(reference.count == current.count, "the same cells")
        let before = reference.reduce(0, +)
        let after = current.reduce(0, +)
        if before == 0 || after == 0 { return 0 }
        var sum = ExactSum()
        for (r, c) in zip(reference, current) {
            let first = max(smallestShare, Double(r) / Double(before))
            let second = max(smallestShare, Double(c) / Double(after))
            sum.add(
                (second - first)
                    * (ElementaryFunctions.log(second) - ElementaryFunctions.log(first)))
        }
        return sum.value
    }
}

/// The cells of a reference: between the edges of its deciles, and one for what is missing.
public struct ReferenceCells: Sendable, Equatable {
    /// Ascending, equal ones merged.
    public let edges: [Double]

    /// From the reference alone, never from what is compared with it. NaN is missing.
    public init(reference: [Double], cells: Int = 10) {
        precondition(cells > 1, "at least two cells")
        let sorted = reference.filter { !$0.isNaN }.sorted()
        var edges: [Double] = []
        for cell in 1..<cells where !sorted.isEmpty {
            let rank = (sorted.count * cell + cells - 1) / cells
            let edge = sorted[max(0, rank - 1)]
            if edge != edges.last { edges.append(edge) }
        }
        self.edges = edges
    }

    /// The missing ones first, then one cell `(edge, next]` after another.
    public func counts(_ values: [Double]) -> [Int] {
        var counts = [Int](repeating: 0, count: edges.count + 2)
        for value in values { counts[cell(value)] += 1 }
        return counts
    }

    private func cell(_ value: Double) -> Int {
        if value.isNaN { return 0 }
        var low = 0
        var high = edges.count
        while low < high {
            let middle = (low + high) / 2
            if value <= edges[middle] { high = middle } else { low = middle + 1 }
        }
        return low + 1
    }
}
