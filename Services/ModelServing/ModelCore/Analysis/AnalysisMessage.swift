internal import AssayMessages
internal import Statistics
internal import Wire

extension AssayModelsV1.Analysis {
    /// A result as it is told.
    init(_ result: AnalysisResult, of plan: AnalysisPlan) {
        self.init(
            experiment: result.experiment, revision: UInt32(clamping: result.revision),
            epoch: UInt32(clamping: result.epoch), look: UInt32(clamping: result.look),
            horizon: Timestamp(milliseconds: result.horizon), verdict: .init(result.verdict),
            arms: zip(result.arms, plan.specification.arms).map { .init($0, $1) },
            excluded: .init(
                crossovers: UInt64(result.excluded.crossovers),
                forced: UInt64(result.excluded.forced),
                unusable: UInt64(result.excluded.unusable),
                tooManyCrossovers: result.excluded.tooManyCrossovers),
            sampleRatio: .init(result.sampleRatio),
            comparisons: result.comparisons.map { .init($0, plan) },
            guardrails: result.guardrails.map { .init($0, plan) }, alpha: plan.design.alpha,
            minimumUnits: UInt64(plan.design.minimumUnitsPerArm),
            contentHash: result.contentHash,
            omitted: plan.omitted.map { .init(metric: $0.metric, reason: $0.reason) })
    }
}

extension AssayModelsV1.AnalysisVerdict {
    init(_ verdict: AnalysisResult.Verdict) {
        self =
            switch verdict {
            case .harm: .harm
            case .sampleRatioMismatch: .sampleRatioMismatch
            case .tooFewUnits: .tooFewUnits
            case .decided: .decided
            case .open: .open
            }
    }
}

extension AssayModelsV1.AnalyzedArm {
    fileprivate init(
        _ summary: AnalysisResult.ArmSummary, _ arm: AssayModelsV1.ExperimentArm
    ) {
        self.init(
            name: summary.name, version: arm.version, weight: arm.weight, control: arm.control,
            units: UInt64(summary.units), fallback: UInt64(summary.fallback),
            failed: UInt64(summary.failed))
    }
}

extension AssayModelsV1.SampleRatio {
    fileprivate init(_ summary: AnalysisResult.SampleRatioSummary) {
        self.init(
            statistic: summary.test?.statistic.told,
            degrees: UInt32(clamping: summary.test?.degrees ?? 0),
            pValue: summary.test?.pValue.told, logBayesFactor: summary.logBayesFactor.bounded,
            sequentialPValue: summary.sequentialPValue.bounded, alarm: summary.alarm)
    }
}

extension AssayModelsV1.MetricComparison {
    fileprivate init(_ comparison: AnalysisResult.Comparison, _ plan: AnalysisPlan) {
        let metric = plan.metric(comparison.metric)
        self.init(
            metric: comparison.metric, role: metric?.role ?? .unspecified,
            kind: metric?.kind ?? .unspecified, better: metric?.better ?? .unspecified,
            arm: comparison.arm, control: .init(comparison.control),
            treatment: .init(comparison.treatment),
            effect: comparison.effect.map { .init($0) },
            adjustedPValue: comparison.adjustedPValue.bounded,
            finding: .init(comparison.finding))
    }
}

extension AssayModelsV1.ArmEstimate {
    fileprivate init(_ estimate: AnalysisResult.ArmEstimate) {
        self.init(
            mean: estimate.mean.bounded, variance: estimate.variance.bounded,
            units: UInt64(estimate.units), censored: UInt64(estimate.censored),
            invalid: UInt64(estimate.invalid))
    }
}

extension AssayModelsV1.MeasuredEffect {
    fileprivate init(_ effect: AnalysisResult.Effect) {
        self.init(
            difference: effect.difference.bounded, standardError: effect.standardError.bounded,
            interval: .init(effect.interval), pValue: effect.pValue.bounded,
            lift: effect.lift?.value.told, liftError: effect.lift?.standardError.told,
            liftInterval: effect.liftInterval.map { .init($0) }, theta: effect.theta?.told,
            likelihoodRatio: effect.likelihoodRatio?.bounded)
    }
}

extension AssayModelsV1.Interval {
    fileprivate init(_ interval: ConfidenceInterval) {
        self.init(lower: interval.lower.bounded, upper: interval.upper.bounded)
    }
}

extension AssayModelsV1.Finding {
    fileprivate init(_ finding: AnalysisResult.Finding) {
        self =
            switch finding {
            case .better: .better
            case .worse: .worse
            case .none: .none
            case .withheld: .withheld
            }
    }
}

extension AssayModelsV1.GuardrailOutcome {
    fileprivate init(_ result: AnalysisResult.GuardrailResult, _ plan: AnalysisPlan) {
        let metric = plan.metric(result.metric)
        let state: AssayModelsV1.GuardrailState =
            switch result.state {
            case .holds: .holds
            case .broken: .broken
            case .tooFewUnits: .tooFewUnits
            case .undefined: .undefined
            }
        self.init(
            metric: result.metric, arm: result.arm, value: result.value?.told,
            limit: result.limit.bounded, relative: metric?.worst == nil,
            margin: result.margin.bounded, pValue: result.pValue.bounded,
            units: UInt64(result.units), state: state, kind: metric?.kind ?? .unspecified,
            better: metric?.better ?? .unspecified)
    }
}

extension AnalysisPlan {
    fileprivate func metric(_ name: String) -> AssayModelsV1.MetricSpecification? {
        specification.metrics.first { $0.name == name }
    }
}

extension Double {
    /// Messages carry finite numbers: an endless one is the largest, none is 0.
    var bounded: Double {
        isNaN ? 0 : min(max(self, -.greatestFiniteMagnitude), .greatestFiniteMagnitude)
    }

    /// Nil unless it is finite.
    fileprivate var told: Double? { isFinite ? self : nil }
}
