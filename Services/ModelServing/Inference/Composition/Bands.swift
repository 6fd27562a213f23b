/// Named ranges of a probability; each takes its upper edge.
public struct Bands: Sendable, Hashable {
    /// One name more than there are edges.
    public let names: [String]
    public let edges: [Double]

    /// low ≤ 0.4 < medium ≤ 0.7 < high.
    public static let standard = Bands(checked: ["low", "medium", "high"], [0.4, 0.7])

    /// Nil unless the names are different and not empty and the edges rise, one fewer than names.
    public init?(names: [String], edges: [Double]) {
        guard names.count == edges.count + 1, Set(names).count == names.count,
            !names.contains(""), edges.allSatisfy(\.isFinite),
            zip(edges, edges.dropFirst()).allSatisfy(<)
        else { return nil }
        self.init(checked: names, edges)
    }

    private init(checked names: [String], _ edges: [Double]) {
        self.names = names
        self.edges = edges
    }

    /// The place of a probability's band among the names; nil for NaN.
    public func index(of probability: Double) -> Int? {
        if probability.isNaN { return nil }
        return edges.firstIndex { probability <= $0 } ?? edges.count
    }

    /// The band of a probability; nil for NaN.
    public func name(of probability: Double) -> String? { index(of: probability).map { names[$0] } }
}
