internal import Numerics

/// One look at an experiment: pure, and the same bytes for the same input in whatever order.
public enum ExperimentAnalysis {
    /// `units` has one row per unit, with one value per metric. Rows that share a hash, or do not fit
    /// the design, do not count and are counted.
    public static func analyze(
        _ design: ExperimentDesign, units: [UnitRow], counts: [MetricCounts] = [], look: Look
    ) -> AnalysisResult {
        let population = Population(design, units: units)
        let ratio = sampleRatio(design, population.unitsPerArm, look.carried)
        var comparisons: [Comparing] = []
        var guardrails: [AnalysisResult.GuardrailResult] = []
        // One metric at a time: a column is as long as there are units.
        for (index, metric) in design.metrics.enumerated() {
            if metric.source == .counts {
                let arms = counts.first { $0.metric == metric.name }?.arms ?? []
                guardrails += check(design, metric, counted: arms)
                continue
            }
            let columns = population.columns(metric: index)
            if metric.role == .guardrail {
                guardrails += check(design, metric, measured: columns)
            } else {
                comparisons += compare(
                    design, metric, columns,
                    earlier: look.carried.likelihoodRatios.dropFirst(comparisons.count))
            }
        }
        let compared = conclude(comparisons, design: design, sampleRatioAlarm: ratio.alarm)
        return AnalysisResult(
            experiment: design.name, revision: design.revision, epoch: design.epoch,
            look: look.number, horizon: look.horizon, arms: population.summaries,
            excluded: population.excluded, sampleRatio: ratio, comparisons: compared,
            guardrails: guardrails,
            verdict: verdict(compared, guardrails, sampleRatioAlarm: ratio.alarm),
            carried: Look.Carried(
                sampleRatioPValue: ratio.sequentialPValue,
                likelihoodRatios: comparisons.map(\.greatestRatio)))
    }

    /// Many looks need the check that allows them; a method of one look takes the sharper one.
    private static func sampleRatio(
        _ design: ExperimentDesign, _ units: [Int], _ carried: Look.Carried
    ) -> AnalysisResult.SampleRatioSummary {
        let weights = design.arms.map(\.weight)
        let test = SampleRatioTest(units: units, weights: weights)
        let logarithm = SequentialSampleRatio.logBayesFactor(units: units, weights: weights)
        let sequential = min(carried.sampleRatioPValue, min(1, ElementaryFunctions.exp(-logarithm)))
        let pValue = design.method == .fixed ? test?.pValue ?? 1 : sequential
        return AnalysisResult.SampleRatioSummary(
            test: test, logBayesFactor: logarithm, sequentialPValue: sequential,
            alarm: pValue < design.sampleRatioAlpha)
    }

    /// A comparison before it is known what else was asked.
    private struct Comparing {
        let metric: ExperimentMetric
        let arm: String
        let control: AnalysisResult.ArmEstimate
        let treatment: AnalysisResult.ArmEstimate
        let effect: AnalysisResult.Effect?
        /// The largest mixture ratio of all looks, also where this look has no effect to tell.
        let greatestRatio: Double

        var pValue: Double { effect?.pValue ?? 1 }

        func finding(_ pValue: Double, _ design: ExperimentDesign) -> AnalysisResult.Finding {
            let units = min(control.units, treatment.units)
            guard let effect, units >= design.minimumUnitsPerArm else { return .withheld }
            if pValue > design.alpha || effect.difference == 0 { return .none }
            return (effect.difference > 0) == (metric.better == .higher) ? .better : .worse
        }
    }

    /// Each treatment against control.
    private static func compare(
        _ design: ExperimentDesign, _ metric: ExperimentMetric, _ columns: [MetricColumn],
        earlier: ArraySlice<Double>
    ) -> [Comparing] {
        design.treatments.enumerated().map { position, arm in
            let control = columns[design.control]
            let pair = ArmPair(control: control, treatment: columns[arm])
            let greatest = earlier.dropFirst(position).first ?? 0
            let effect = pair.map {
                AnalysisResult.Effect($0, design: design, earlier: greatest)
            }
            return Comparing(
                metric: metric, arm: design.arms[arm].name,
                control: .init(control, pair?.control),
                treatment: .init(columns[arm], pair?.treatment), effect: effect,
                greatestRatio: effect?.likelihoodRatio ?? greatest)
        }
    }

    private static func check(
        _ design: ExperimentDesign, _ metric: ExperimentMetric, measured columns: [MetricColumn]
    ) -> [AnalysisResult.GuardrailResult] {
        design.treatments.map { arm in
            GuardrailCheck(metric: metric, arm: design.arms[arm].name, design: design)
                .measured(control: columns[design.control], treatment: columns[arm])
        }
    }

    private static func check(
        _ design: ExperimentDesign, _ metric: ExperimentMetric, counted arms: [Share?]
    ) -> [AnalysisResult.GuardrailResult] {
        func share(_ arm: Int) -> Share? { arms.indices.contains(arm) ? arms[arm] : nil }
        return design.treatments.map { arm in
            GuardrailCheck(metric: metric, arm: design.arms[arm].name, design: design)
                .counted(control: share(design.control), treatment: share(arm))
        }
    }

    /// Holm's correction over all primary comparisons, and what each of them says.
    private static func conclude(
        _ comparisons: [Comparing], design: ExperimentDesign, sampleRatioAlarm: Bool
    ) -> [AnalysisResult.Comparison] {
        let primary = comparisons.indices.filter { comparisons[$0].metric.role == .primary }
        let corrected = HolmCorrection.adjusted(primary.map { comparisons[$0].pValue })
        var pValues = comparisons.map(\.pValue)
        for (index, pValue) in zip(primary, corrected) { pValues[index] = pValue }
        return zip(comparisons, pValues).map { comparison, pValue in
            AnalysisResult.Comparison(
                metric: comparison.metric.name, role: comparison.metric.role, arm: comparison.arm,
                control: comparison.control, treatment: comparison.treatment,
                effect: comparison.effect, adjustedPValue: pValue,
                finding: sampleRatioAlarm ? .withheld : comparison.finding(pValue, design))
        }
    }

    private static func verdict(
        _ comparisons: [AnalysisResult.Comparison],
        _ guardrails: [AnalysisResult.GuardrailResult], sampleRatioAlarm: Bool
    ) -> AnalysisResult.Verdict {
        if guardrails.contains(where: { $0.state == .broken }) { return .harm }
        if sampleRatioAlarm { return .sampleRatioMismatch }
        let primary = comparisons.filter { $0.role == .primary }
        if primary.isEmpty { return .open }
        if primary.allSatisfy({ $0.finding == .withheld }) { return .tooFewUnits }
        return primary.contains { $0.finding == .better || $0.finding == .worse } ? .decided : .open
    }
}

extension AnalysisResult.ArmEstimate {
    /// `sample` is nil where nothing can be estimated.
    fileprivate init(_ column: MetricColumn, _ sample: Sample?) {
        self.init(
            mean: sample?.mean ?? 0, variance: sample?.variance ?? 0, units: column.count,
            censored: column.censored, invalid: column.invalid)
    }
}
