/// Whether two scores put the same calls before the others (Spearman 1904).
public enum RankCorrelation {
    /// Of the ranks, equal values sharing the mean of theirs: 1 is the same order, −1 the reverse. Nil
    /// for fewer than two pairs, or if one side is all equal.
    ///
    /// - Parameters: two lists of the same length, without NaN.
    public static func spearman(_ first: [Double], _ second: [Double]) -> Double? {
        precondition(first.count == second.count, "pairs")
        guard first.count > 1 else { return nil }
        let (x, y) = (ranks(first), ranks(second))
        let mean = Double(first.count + 1) / 2
        let squares =
            ExactSum.products(x, mean: mean, x, mean: mean)
            * ExactSum.products(y, mean: mean, y, mean: mean)
        guard squares > 0 else { return nil }
        let found = ExactSum.products(x, mean: mean, y, mean: mean) / squares.squareRoot()
        return min(1, max(-1, found))
    }

    /// From 1 on; equal values have the mean of the ranks that they take up together.
    private static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for place in start..<end { ranks[order[place]] = Double(start + 1 + end) / 2 }
            start = end
        }
        return ranks
    }
}
