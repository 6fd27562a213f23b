/// A reason of a decision with the points that its sources brought together.
public struct PrincipalReason: Sendable, Hashable {
    public var code: String
    /// Thousandths.
    public var points: Int64

    public init(code: String, points: Int64) {
        self.code = code
        self.points = points
    }
}

extension PolicyDecision {
    /// Contributions joined by reason code, largest first. Codes of rules and circumstances that
    /// forced the status come before all others, even with few points.
    func reasons(hits: [Hit], circumstances: [String], maximum: Int) -> [PrincipalReason] {
        var points: [String: Int64] = [:]
        for part in contributions { points[part.reasonCode, default: 0] += part.points }
        var forcing = Set(hits.filter { forcedBy.contains($0.rule) }.map(\.reasonCode))
        if isRaisedByModel { forcing.insert(ReasonCode.modelFloor) }
        forcing.formUnion(circumstances)
        for code in forcing { points[code, default: 0] += 0 }
        let ranked = points.filter { $0.value > 0 || forcing.contains($0.key) }.sorted { a, b in
            let (first, second) = (forcing.contains(a.key), forcing.contains(b.key))
            if first != second { return first }
            return a.value != b.value ? a.value > b.value : a.key < b.key
        }
        return ranked.prefix(maximum).map { PrincipalReason(code: $0.key, points: $0.value) }
    }
}
