internal import Numerics

/// Whether one arm harms: one-sided sequences, so that each look may stop the experiment.
///
/// A guardrail is judged also while the sample ratio alarms: an arm that loses its exposures because
/// it crashes is the one to stop.
struct GuardrailCheck {
    let metric: ExperimentMetric
    let arm: String
    let design: ExperimentDesign

    /// Members and events below which a group's share says nothing.
    static let minimumMembers = 30
    static let minimumEvents = 5

    /// Calls of the arm, counted. `control` matters to a relative limit only.
    func counted(control: Share?, treatment: Share?) -> AnalysisResult.GuardrailResult {
        let minimum = design.minimumUnitsPerArm
        guard let treatment, treatment.trials >= minimum else {
            return tooFewUnits(treatment?.trials ?? 0)
        }
        if case .quantile(let quantile) = metric.kind {
            return quantileShare(treatment, mayExceed: 1 - quantile)
        }
        guard isRelative else { return level(Sample(treatment)) }
        guard let control, control.trials >= minimum else {
            return tooFewUnits(control?.trials ?? 0)
        }
        return relative(Sample(control), Sample(treatment))
    }

    /// Units of the arm. `control` matters to a relative limit, and to a covariate.
    func measured(
        control: MetricColumn, treatment: MetricColumn
    ) -> AnalysisResult.GuardrailResult {
        let minimum = design.minimumUnitsPerArm
        if treatment.count < minimum { return tooFewUnits(treatment.count) }
        if case .fairness(let groups) = metric.kind {
            return fairness(treatment.shares(groups: groups))
        }
        if isRelative {
            if control.count < minimum { return tooFewUnits(control.count) }
            return ArmPair(control: control, treatment: treatment).map {
                relative($0.control, $0.treatment)
            } ?? undefined
        }
        if metric.kind == .proportion {
            return treatment.share().map { level(Sample($0)) } ?? undefined
        }
        return treatment.values().map { level(Sample(of: $0)) } ?? undefined
    }

    /// The arm's own value against the limit.
    private func level(_ sample: Sample) -> AnalysisResult.GuardrailResult {
        judge(
            sample.mean, excess: excess(sample.mean),
            standardError: sample.squaredError.squareRoot(), units: sample.count)
    }

    /// The lift over control against the limit.
    private func relative(
        _ control: Sample, _ treatment: Sample
    ) -> AnalysisResult.GuardrailResult {
        guard let lift = RelativeLift(control: control, treatment: treatment) else {
            return undefined
        }
        return judge(
            lift.value, excess: excess(lift.value), standardError: lift.standardError,
            units: control.count + treatment.count)
    }

    /// The share of calls above the limit against the share that may lie there.
    private func quantileShare(
        _ share: Share, mayExceed allowed: Double
    ) -> AnalysisResult.GuardrailResult {
        judge(
            share.value, excess: share.value - allowed,
            standardError: share.squaredError.squareRoot(), units: share.trials)
    }

    /// The lowest by the highest share of the arm's groups, on the logarithm. Every ordered pair could
    /// have been the extreme one, so each has its part of the level.
    private func fairness(_ shares: [Share?]) -> AnalysisResult.GuardrailResult {
        let groups = shares.compactMap { $0 }.filter {
            $0.trials >= Self.minimumMembers && $0.events >= Self.minimumEvents
        }
        let sorted = groups.sorted { $0.value < $1.value }
        guard sorted.count > 1, let low = sorted.first, let high = sorted.last else {
            return undefined
        }
        let value = low.value / high.value
        let squaredError =
            low.squaredError / (low.value * low.value)
            + high.squaredError / (high.value * high.value)
        return judge(
            value, excess: ElementaryFunctions.log(limit) - ElementaryFunctions.log(value),
            standardError: squaredError.squareRoot(), units: low.trials + high.trials,
            pairs: sorted.count * (sorted.count - 1))
    }

    /// `excess` is how far `value` lies beyond the limit, in the harmful direction.
    private func judge(
        _ value: Double, excess: Double, standardError: Double, units: Int, pairs: Int = 1
    ) -> AnalysisResult.GuardrailResult {
        let sequence = ConfidenceSequence(
            alpha: design.alphaPerGuardrail / Double(pairs), tuningUnits: design.tuningUnits,
            sides: .one)
        let margin = standardError * sequence.widthInStandardErrors(units: units)
        let pValue = sequence.pValue(
            distance: WelchTest.ratio(excess, standardError), units: units)
        return result(
            value, margin: margin, pValue: min(1, pValue * Double(pairs)), units: units,
            state: excess > margin ? .broken : .holds)
    }

    private var undefined: AnalysisResult.GuardrailResult {
        result(nil, margin: 0, pValue: 1, units: 0, state: .undefined)
    }

    private func tooFewUnits(_ units: Int) -> AnalysisResult.GuardrailResult {
        result(nil, margin: 0, pValue: 1, units: units, state: .tooFewUnits)
    }

    private func result(
        _ value: Double?, margin: Double, pValue: Double, units: Int,
        state: AnalysisResult.GuardrailState
    ) -> AnalysisResult.GuardrailResult {
        AnalysisResult.GuardrailResult(
            metric: metric.name, arm: arm, value: value, limit: limit, margin: margin,
            pValue: pValue, units: units, state: state)
    }

    private func excess(_ value: Double) -> Double {
        metric.better == .lower ? value - limit : limit - value
    }

    private var isRelative: Bool {
        if case .relative? = metric.limit { return true }
        return false
    }

    private var limit: Double {
        switch metric.limit {
        case .level(let value)?, .relative(let value)?: value
        case nil: 0
        }
    }
}
