/// A sum that carries what rounding loses (Neumaier 1974): good to the last place for our lengths.
struct ExactSum {
    private var sum = 0.0
    private var lost = 0.0

    mutating func add(_ x: Double) {
        let next = sum + x
        lost += abs(sum) >= abs(x) ? (sum - next) + x : (x - next) + sum
        sum = next
    }

    var value: Double { sum + lost }

    static func of(_ values: some Sequence<Double>) -> Double {
        var sum = ExactSum()
        for value in values { sum.add(value) }
        return sum.value
    }

    static func mean(_ values: [Double]) -> Double { of(values) / Double(values.count) }

    /// Σ (x − x̄)(y − ȳ), in two passes.
    static func products(_ x: [Double], mean xMean: Double, _ y: [Double], mean yMean: Double)
        -> Double
    {
        var sum = ExactSum()
        for index in x.indices { sum.add((x[index] - xMean) * (y[index] - yMean)) }
        return sum.value
    }
}

extension Sample {
    /// Of at least two values, in two passes.
    public init(of values: [Double]) {
        let mean = ExactSum.mean(values)
        let squares = ExactSum.products(values, mean: mean, values, mean: mean)
        self.init(
            mean: mean, variance: squares / Double(values.count - 1), count: values.count)
    }
}
