internal import AssayMessages
internal import RPC
internal import Statistics

/// What of an experiment's file statistics need: the design, and where each metric's values are.
struct AnalysisPlan: Sendable {
    let specification: AssayModelsV1.ExperimentSpecification
    let design: ExperimentDesign
    /// One per metric of the design; nil for calls that are counted.
    let measures: [UnitMeasure?]
    /// Metrics that nothing here can measure, and why.
    let omitted: [(metric: String, reason: String)]

    /// - Throws: FAILED_PRECONDITION if what was applied cannot be analysed.
    init(_ specification: AssayModelsV1.ExperimentSpecification) throws {
        self.specification = specification
        var metrics: [ExperimentMetric] = []
        var measures: [UnitMeasure?] = []
        var omitted: [(metric: String, reason: String)] = []
        for metric in specification.metrics {
            guard let kind = Self.kind(metric) else {
                omitted.append((metric.name, "groups of units are not recorded yet"))
                continue
            }
            metrics.append(
                ExperimentMetric(
                    name: metric.name, role: Self.role(metric.role), kind: kind,
                    better: metric.better == .lower ? .lower : .higher, limit: Self.limit(metric),
                    source: metric.source == .statistics ? .counts : .units))
            measures.append(metric.source == .statistics ? nil : Self.measure(metric))
        }
        self.measures = measures
        self.omitted = omitted
        let analysis = specification.analysis
        do {
            design = try ExperimentDesign(
                name: specification.experiment, revision: Int(specification.revision),
                epoch: Int(specification.epoch),
                arms: specification.arms.map {
                    .init(name: $0.name, weight: Int($0.weight), isControl: $0.control)
                }, metrics: metrics, alpha: analysis.alpha,
                method: Self.method(analysis), tuningUnits: Int(clamping: analysis.tuningUnits),
                sampleRatioAlpha: analysis.srmAlpha,
                minimumUnitsPerArm: Int(clamping: analysis.minimumUnitsPerArm))
        } catch {
            throw RPCError(
                .failedPrecondition,
                "experiment \"\(specification.experiment)\" cannot be analysed: \(error)")
        }
    }

    var name: String { specification.experiment }
    var epoch: UInt32 { specification.epoch }

    /// What the draw of an arm is over.
    var seed: String { "\(name):\(epoch)" }

    var lookEveryMilliseconds: Int64 {
        Int64(max(1, specification.analysis.lookEverySeconds)) * 1_000
    }

    // MARK: Metrics

    private static func kind(
        _ metric: AssayModelsV1.MetricSpecification
    ) -> ExperimentMetric.Kind? {
        switch metric.kind {
        case .proportion: .proportion
        case .mean: .mean
        case .ratio: .ratio
        case .quantile: .quantile(metric.quantile)
        default: nil
        }
    }

    private static func role(_ role: AssayModelsV1.MetricRole) -> ExperimentMetric.Role {
        switch role {
        case .primary: .primary
        case .guardrail: .guardrail
        default: .secondary
        }
    }

    private static func limit(
        _ metric: AssayModelsV1.MetricSpecification
    ) -> ExperimentMetric.Limit? {
        metric.worst.map { .level($0) } ?? metric.worstRelative.map { .relative($0) }
    }

    private static func measure(_ metric: AssayModelsV1.MetricSpecification) -> UnitMeasure {
        let numerator =
            switch metric.kind {
            case .proportion: metric.event
            case .mean: metric.value
            default: metric.numerator
            }
        return UnitMeasure(
            numerator: numerator,
            denominator: metric.kind == .ratio ? metric.denominator : nil,
            covariate: covariate(metric.covariate),
            maturity: Int64(metric.maturitySeconds) * 1_000)
    }

    /// `past.outcome.fraud_amount` (or `past.fraud_amount`) is what outcomes of that name added up to
    /// before the unit was met; `shadow.…` what the shadow said of its first call.
    private static func covariate(_ name: String) -> UnitMeasure.Covariate? {
        if name.isEmpty { return nil }
        guard name.hasPrefix("past.") else { return .first(name) }
        let fact = String(name.dropFirst("past.".count))
        return .past(fact.contains(".") ? fact : "outcome.\(fact)")
    }

    private static func method(
        _ analysis: AssayModelsV1.AnalysisSpecification
    ) -> ExperimentDesign.Method {
        switch analysis.method {
        case .mixture: .mixture(variance: analysis.variance)
        case .fixed: .fixed
        default: .asymptoticSequence
        }
    }
}
