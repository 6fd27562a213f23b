/// How many distinct values give the registers of a HyperLogLog, from + − × ÷ √ alone (R8).
///
/// The improved raw estimator of Ertl, "New cardinality estimation algorithms for HyperLogLog
/// sketches" (2017), algorithm 6: right over the whole range without thresholds or tables.
enum CardinalityEstimate {
    /// 1 / (2 · ln 2)
    private static let alpha = 0.721_347_520_444_481_7

    /// - Parameter ranks: how many registers have rank 0 (empty) to q + 1, the highest.
    static func count(ranks: ArraySlice<Int32>) -> Int64 {
        func count(_ rank: Int) -> Double { Double(ranks[ranks.startIndex + rank]) }
        let top = ranks.count - 1
        let registers = Double(ranks.reduce(0, +))
        var z = registers * tau(1 - count(top) / registers)
        for rank in stride(from: top - 1, through: 1, by: -1) { z = 0.5 * (z + count(rank)) }
        z += registers * sigma(count(0) / registers)
        guard z.isFinite, z > 0 else { return 0 }
        let estimate = alpha * registers * registers / z
        return Int64(exactly: estimate.rounded(.toNearestOrEven)) ?? .max
    }

    /// x + Σ x^(2^k) · 2^(k−1), k ≥ 1; infinite for x = 1, where every register is empty.
    private static func sigma(_ x: Double) -> Double {
        guard x < 1 else { return .infinity }
        var (x, y, z) = (x, 1.0, x)
        while true {
            x *= x
            let next = z + x * y
            guard next != z else { return z }
            z = next
            y += y
        }
    }

    /// (1 − x − Σ (1 − x^(2^−k))² · 2^−k) / 3, k ≥ 1.
    private static func tau(_ x: Double) -> Double {
        guard x > 0, x < 1 else { return 0 }
        var (x, y, z) = (x, 1.0, 1 - x)
        while true {
            x = x.squareRoot()
            y *= 0.5
            let next = z - (1 - x) * (1 - x) * y
            guard next != z else { return z / 3 }
            z = next
        }
    }
}
