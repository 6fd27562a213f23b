/// Control and one treatment, estimated in one metric.
struct ArmPair {
    let control: Sample
    let treatment: Sample
    /// Nil without a covariate.
    let theta: Double?
    /// Exact counts, where the metric is a share and no covariate is at hand.
    let shares: (control: Share, treatment: Share)?

    /// Nil where an arm has fewer than two units, or a ratio no denominator.
    init?(control: MetricColumn, treatment: MetricColumn) {
        guard let first = control.values(), let second = treatment.values() else { return nil }
        let known = control.knownCovariates + treatment.knownCovariates
        if !known.isEmpty {
            // A unit without a covariate gets the mean of all that have one, which moves nothing.
            let mean = ExactSum.mean(known)
            let adjustment = CovariateAdjustment(
                control: .init(values: first, covariates: control.covariates(filling: mean)),
                treatment: .init(values: second, covariates: treatment.covariates(filling: mean)))
            self.control = adjustment.control
            self.treatment = adjustment.treatment
            theta = adjustment.theta
            shares = nil
        } else if control.kind == .proportion, let first = control.share(),
            let second = treatment.share()
        {
            self.control = Sample(first)
            self.treatment = Sample(second)
            theta = nil
            shares = (first, second)
        } else {
            self.control = Sample(of: first)
            self.treatment = Sample(of: second)
            theta = nil
            shares = nil
        }
    }

    var units: Int { control.count + treatment.count }
    var difference: Double { treatment.mean - control.mean }
    var squaredError: Double { control.squaredError + treatment.squaredError }
    var lift: RelativeLift? { RelativeLift(control: control, treatment: treatment) }
}
