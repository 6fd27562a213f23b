/// The values of one metric in one arm, in the order of the units' hashes.
struct MetricColumn {
    let kind: ExperimentMetric.Kind
    private(set) var numerators: [Double] = []
    /// Of a ratio; empty otherwise.
    private var denominators: [Double] = []
    /// NaN where it is not known of a unit.
    private var covariates: [Double] = []
    /// Of a fairness metric; empty otherwise.
    private var groups: [Int?] = []
    private(set) var censored = 0
    private(set) var invalid = 0

    /// Beyond any amount of money, and far from where squares overflow.
    static let largest = 0x1p100

    init(kind: ExperimentMetric.Kind) { self.kind = kind }

    var count: Int { numerators.count }

    mutating func add(_ value: MetricValue) {
        if !value.matured {
            censored += 1
            return
        }
        guard isUsable(value) else {
            invalid += 1
            return
        }
        numerators.append(value.numerator)
        covariates.append(value.covariate.flatMap { abs($0) <= Self.largest ? $0 : nil } ?? .nan)
        switch kind {
        case .ratio: denominators.append(value.denominator)
        case .fairness: groups.append(value.group)
        case .proportion, .mean, .quantile: break
        }
    }

    private func isUsable(_ value: MetricValue) -> Bool {
        let isEvent = value.numerator == 0 || value.numerator == 1
        switch kind {
        case .proportion: return isEvent
        case .mean: return abs(value.numerator) <= Self.largest
        case .ratio:
            return abs(value.numerator) <= Self.largest && abs(value.denominator) <= Self.largest
        case .fairness(let total):
            return isEvent && value.group.map { (0..<total).contains($0) } ?? true
        case .quantile: return false
        }
    }

    /// One value per unit, whose mean is the metric and whose variance is the metric's: a ratio is
    /// linearised. Nil for fewer than two units, or a ratio without a denominator.
    func values() -> [Double]? {
        if count < 2 { return nil }
        guard case .ratio = kind else { return numerators }
        let linear = RatioEstimate.linearised(numerators: numerators, denominators: denominators)
        return linear.flatMap { $0.values.allSatisfy { abs($0) <= Self.largest } ? $0.values : nil }
    }

    /// The covariates that are known.
    var knownCovariates: [Double] { covariates.filter { !$0.isNaN } }

    /// One covariate per unit, with `filling` where none is known.
    func covariates(filling: Double) -> [Double] { covariates.map { $0.isNaN ? filling : $0 } }

    /// Events among units, counted exactly.
    func share() -> Share? {
        count == 0 ? nil : Share(events: numerators.count { $0 == 1 }, trials: count)
    }

    /// Events among the units of each group.
    func shares(groups total: Int) -> [Share?] {
        var events = [Int](repeating: 0, count: total)
        var members = events
        for (numerator, group) in zip(numerators, groups) {
            guard let group else { continue }
            members[group] += 1
            if numerator == 1 { events[group] += 1 }
        }
        return (0..<total).map {
            members[$0] == 0 ? nil : Share(events: events[$0], trials: members[$0])
        }
    }
}
