/// A difference freed of what a value known before the assignment explains (CUPED, Deng et al. 2013).
public struct CovariateAdjustment: Sendable, Equatable {
    /// Pooled within-arm cov(Y, X) / var(X); 0 if X does not vary.
    public let theta: Double
    /// d − θ·(x̄_T − x̄_C).
    public let difference: Double
    /// The arms' means, moved to the covariate's common mean: their difference is `difference`.
    public let control: Sample
    public let treatment: Sample

    /// One arm's values and, unit by unit, their covariates.
    public struct Arm: Sendable {
        public let values: [Double]
        public let covariates: [Double]

        /// At least two units.
        public init(values: [Double], covariates: [Double]) {
            precondition(values.count == covariates.count, "a covariate for each value")
            precondition(values.count > 1, "at least two units")
            self.values = values
            self.covariates = covariates
        }
    }

    public init(control: Arm, treatment: Arm) {
        let first = Moments(control)
        let second = Moments(treatment)
        let spread = first.xx + second.xx
        let slope = (first.xy + second.xy) / spread
        let theta = spread > 0 && slope.isFinite ? slope : 0
        let n = Double(first.count)
        let m = Double(second.count)
        let common = (first.xMean * n + second.xMean * m) / (n + m)
        self.theta = theta
        difference =
            second.yMean - first.yMean - theta * (second.xMean - first.xMean)
        self.control = first.adjusted(theta, common)
        self.treatment = second.adjusted(theta, common)
    }

    public var standardError: Double {
        (control.squaredError + treatment.squaredError).squareRoot()
    }

    /// Sums of squares and products about the means.
    private struct Moments {
        let count: Int
        let xMean: Double
        let yMean: Double
        let xx: Double
        let xy: Double
        let yy: Double

        init(_ arm: Arm) {
            let x = arm.covariates
            let y = arm.values
            count = y.count
            xMean = ExactSum.mean(x)
            yMean = ExactSum.mean(y)
            xx = ExactSum.products(x, mean: xMean, x, mean: xMean)
            xy = ExactSum.products(x, mean: xMean, y, mean: yMean)
            yy = ExactSum.products(y, mean: yMean, y, mean: yMean)
        }

        /// s_Y² + θ²·s_X² − 2θ·s_XY, which rounding must not make negative.
        func adjusted(_ theta: Double, _ common: Double) -> Sample {
            let squares = yy + theta * (theta * xx - 2 * xy)
            return Sample(
                mean: yMean - theta * (xMean - common),
                variance: max(0, squares) / Double(count - 1), count: count)
        }
    }
}
