/// How much of `1 − Π (1 − q)` each q brought, averaged over all orders in which they could have
/// come (Shapley 1953).
enum Shapley {
    /// φᵢ = qᵢ · ∫₀¹ Πⱼ≠ᵢ (1 − t·qⱼ) dt, exact by the polynomial's coefficients.
    static func shares(of values: [Double]) -> [Double] {
        values.indices.map { i in
            var coefficients = [1.0]
            for j in values.indices where j != i {
                var next = [Double](repeating: 0, count: coefficients.count + 1)
                for (power, coefficient) in coefficients.enumerated() {
                    next[power] += coefficient
                    next[power + 1] -= coefficient * values[j]
                }
                coefficients = next
            }
            let integral = coefficients.enumerated().reduce(0.0) {
                $0 + $1.element / Double($1.offset + 1)
            }
            return values[i] * integral
        }
    }
}
