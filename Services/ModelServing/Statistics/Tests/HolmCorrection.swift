/// Several questions asked at once (Holm 1979): the chance of any false answer stays below alpha.
public enum HolmCorrection {
    /// p values as if each were asked alone, in the order given.
    public static func adjusted(_ pValues: [Double]) -> [Double] {
        let order = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
        var result = pValues
        var largest = 0.0
        for (rank, index) in order.enumerated() {
            largest = max(largest, min(1, pValues[index] * Double(pValues.count - rank)))
            result[index] = largest
        }
        return result
    }
}
