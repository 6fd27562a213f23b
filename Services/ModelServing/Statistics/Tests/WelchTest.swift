/// Two means compared without assuming equal variances (Welch 1947).
public struct WelchTest: Sendable, Equatable {
    /// Treatment − control.
    public let difference: Double
    public let standardError: Double
    /// Of the statistic, after Satterthwaite; need not be whole.
    public let degrees: Double
    public let t: Double
    public let pValue: Double

    /// Each sample has at least two values.
    public init(control: Sample, treatment: Sample) {
        let first = control.squaredError
        let second = treatment.squaredError
        let sum = first + second
        difference = treatment.mean - control.mean
        standardError = sum.squareRoot()
        // By shares of the sum: the squares of tiny variances would vanish.
        let (share, rest) = sum > 0 ? (first / sum, second / sum) : (0, 0)
        degrees =
            sum > 0
            ? 1
                / (share * share / Double(control.count - 1)
                    + rest * rest / Double(treatment.count - 1))
            : Double(control.count + treatment.count - 2)
        t = WelchTest.ratio(difference, standardError)
        pValue = StudentDistribution.twoSidedTail(t, degrees: degrees)
    }

    /// The interval that holds the difference with probability 1 − alpha, in one look.
    public func interval(alpha: Double) -> ConfidenceInterval {
        let t = StudentDistribution.twoSidedQuantile(alpha, degrees: degrees)
        return ConfidenceInterval(center: difference, halfWidth: t * standardError)
    }

    /// A difference in standard errors: 0 for none, infinite if the values never vary.
    static func ratio(_ difference: Double, _ standardError: Double) -> Double {
        difference == 0 ? 0 : difference / standardError
    }
}

/// What is kept of the values of one arm.
public struct Sample: Sendable, Equatable {
    public let mean: Double
    /// Of one value: divided by `count` − 1, where it comes from values.
    public let variance: Double
    public let count: Int

    public init(mean: Double, variance: Double, count: Int) {
        precondition(count > 0 && variance >= 0, "a variance is not negative")
        self.mean = mean
        self.variance = variance
        self.count = count
    }

    /// Events among trials, as a mean of zeros and ones: variance p(1 − p), as tests of shares have it.
    public init(_ share: Share) {
        let p = share.value
        self.init(mean: p, variance: p * (1 - p), count: share.trials)
    }

    /// The square of the mean's standard error.
    public var squaredError: Double { variance / Double(count) }
}
