/// How much each value brought to what they come to together, averaged over all orders in which
/// they could have come (Shapley 1953).
enum Shapley {
    /// Of `1 − Π (1 − q)`: φᵢ = qᵢ · ∫₀¹ Πⱼ≠ᵢ (1 − t·qⱼ) dt, exact by the polynomial's
    /// coefficients.
    static func shares(of values: [Double]) -> [Double] {
        guard values.count > 1 else { return values }
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: values.count) { product in
            values.indices.map { i in
                product.initialize(repeating: 0)
                product[0] = 1
                var degree = 0
                for j in values.indices where j != i {
                    degree += 1
                    for power in stride(from: degree, to: 0, by: -1) {
                        product[power] -= product[power - 1] * values[j]
                    }
                }
                var integral = 0.0
                for power in 0...degree { integral += product[power] / Double(power + 1) }
                return values[i] * integral
            }
        }
    }

    /// Of the greatest value: each step from one value to the next is shared by all that reach it
    /// (Littlechild and Owen 1973).
    static func sharesOfMaximum(of values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var shares = [Double](repeating: 0, count: values.count)
        var (reached, share) = (0.0, 0.0)
        for (position, index) in order.enumerated() {
            share += (values[index] - reached) / Double(order.count - position)
            reached = values[index]
            shares[index] = share
        }
        return shares
    }
}
