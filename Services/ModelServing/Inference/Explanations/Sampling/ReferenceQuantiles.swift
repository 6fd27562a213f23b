internal import Numerics

/// The values of one input in the background rows, as a distribution to draw from and four ranges
/// to compare by.
struct ReferenceQuantiles {
    /// Ascending, without missing values.
    private let sorted: [Double]
    private let missing: Int
    private let isCategory: Bool
    /// The quartiles, equal ones merged.
    private let edges: [Double]

    init(_ values: [Double], isCategory: Bool) {
        sorted = values.filter { !$0.isNaN }.sorted()
        missing = values.count - sorted.count
        self.isCategory = isCategory
        var edges: [Double] = []
        if !isCategory, !sorted.isEmpty {
            for quarter in [0.25, 0.5, 0.75] {
                let edge = Self.quantile(sorted, quarter)
                if edges.last != edge { edges.append(edge) }
            }
        }
        self.edges = edges
    }

    /// Linear between neighbours.
    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = min(Int(place), sorted.count - 1)
        let above = min(below + 1, sorted.count - 1)
        if sorted[below] == sorted[above] { return sorted[below] }
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }

    /// Missing as often as in the background; a number from between its values, a category as it is.
    func draw(_ random: inout SplitMix64) -> Double {
        if random.place(below: sorted.count + missing) >= sorted.count { return .nan }
        let share = random.uniform()
        return isCategory
            ? sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)]
            : Self.quantile(sorted, share)
    }

    /// Whether two values fall into the same range.
    func areAlike(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        return isCategory ? a == b : range(of: a) == range(of: b)
    }

    private func range(of value: Double) -> Int { edges.count { value > $0 } }
}
