internal import Crypto

/// The units of an experiment, put together from exposures, calls and facts.
///
/// The rows depend on what was added, not on its order: sums of one unit are taken over sorted
/// values. What happened at the horizon or later is not in them.
public struct UnitTable: Sendable {
    private struct Unit {
        let hash: UInt64
        var first: Int64
        /// −1: of no arm of the design.
        var arm: Int
        var flags: UnitRow.Flags
    }

    private struct Call {
        let unit: Int
        let at: Int64
    }

    /// What one fact adds to one unit.
    private struct Addition {
        let unit: Int
        let value: Double
    }

    /// The parts of a metric that facts add to.
    private struct Additions {
        var numerators: [Addition] = []
        var denominators: [Addition] = []
        var covariates: [Addition] = []
    }

    private enum Part { case numerator, denominator, covariate }

    private let design: ExperimentDesign
    private let measures: [UnitMeasure?]
    private let horizon: Int64
    private let arms: [String: Int]
    /// Which parts of which metrics a name feeds.
    private let readers: [String: [(metric: Int, part: Part)]]
    private var units: [Unit] = []
    private var positions: [UInt64: Int] = [:]
    private var calls: [UInt128: Call] = [:]
    private var additions: [Additions]
    /// Facts of a call or a unit that is not in the experiment.
    public private(set) var unmatched = 0

    /// - Parameter measures: one per metric of the design; nil for one that is not of units.
    public init(design: ExperimentDesign, measures: [UnitMeasure?], horizon: Int64) {
        precondition(measures.count == design.metrics.count, "one measure per metric")
        self.design = design
        self.measures = measures
        self.horizon = horizon
        arms = Dictionary(
            uniqueKeysWithValues: design.arms.enumerated().map { ($1.name, $0) })
        var readers: [String: [(metric: Int, part: Part)]] = [:]
        for (metric, measure) in measures.enumerated() {
            guard let measure else { continue }
            readers[measure.numerator, default: []].append((metric, .numerator))
            if let name = measure.denominator {
                readers[name, default: []].append((metric, .denominator))
            }
            if let covariate = measure.covariate {
                readers[covariate.name, default: []].append((metric, .covariate))
            }
        }
        self.readers = readers
        additions = measures.map { _ in Additions() }
    }

    /// The names of facts that the metrics read, sorted.
    public var factNames: [String] { readers.keys.sorted() }

    /// How many units are known so far.
    public var unitCount: Int { units.count }

    /// Of all exposures of a unit the first counts; another arm makes it a crossover.
    public mutating func add(_ exposure: UnitExposure) {
        guard exposure.at < horizon else { return }
        let arm = arms[exposure.arm] ?? -1
        guard let position = positions[exposure.unit] else {
            positions[exposure.unit] = units.count
            units.append(
                Unit(hash: exposure.unit, first: exposure.at, arm: arm, flags: exposure.flags))
            return
        }
        units[position].flags.formUnion(exposure.flags)
        if arm != units[position].arm { units[position].flags.insert(.crossover) }
        units[position].first = min(units[position].first, exposure.at)
    }

    /// A call of a unit, by which facts name it. To be told after the exposures.
    public mutating func add(call: String, unit: UInt64, at: Int64) {
        guard at < horizon, let position = positions[unit] else { return }
        calls[Self.key(call)] = Call(unit: position, at: at)
    }

    /// Half a digest: a third of the room that the texts would take, and nobody can make two alike.
    private static func key(_ call: String) -> UInt128 {
        SHA256.hash(data: Array(call.utf8)).prefix(16).reduce(0) { $0 << 8 | UInt128($1) }
    }

    /// To be told after the exposures and the calls.
    public mutating func add(_ fact: UnitFact) {
        guard fact.observedAt < horizon, let readers = readers[fact.name] else { return }
        let position: Int?
        let at: Int64
        switch fact.subject {
        case .call(let id):
            let call = calls[Self.key(id)]
            position = call?.unit
            at = call?.at ?? 0
        case .unit(let hash, let time):
            position = positions[hash]
            at = time
        }
        guard let position else {
            unmatched += 1
            return
        }
        for (metric, part) in readers {
            guard let measure = measures[metric] else { continue }
            add(fact, of: position, at: at, to: part, of: metric, measure)
        }
    }

    private mutating func add(
        _ fact: UnitFact, of unit: Int, at: Int64, to part: Part, of metric: Int,
        _ measure: UnitMeasure
    ) {
        let first = units[unit].first
        let addition = Addition(unit: unit, value: fact.value)
        let counts = at >= first && at <= horizon - measure.maturity
        switch part {
        case .numerator:
            if counts { additions[metric].numerators.append(addition) }
        case .denominator:
            if counts { additions[metric].denominators.append(addition) }
        case .covariate:
            switch measure.covariate {
            case .past?:
                // Known when the arm was drawn: the arm cannot have moved it.
                if at < first && fact.observedAt < first {
                    additions[metric].covariates.append(addition)
                }
            case .first?:
                if at == first { additions[metric].covariates.append(addition) }
            case nil: break
            }
        }
    }

    /// One row per unit, sorted by hash.
    public func rows() -> [UnitRow] {
        let columns = measures.indices.map { column(of: $0) }
        let order = units.indices.sorted { units[$0].hash < units[$1].hash }
        return order.map { position in
            let unit = units[position]
            return UnitRow(
                hash: unit.hash, arm: unit.arm, flags: unit.flags,
                values: columns.map { $0[position] })
        }
    }

    private func column(of metric: Int) -> [MetricValue] {
        guard let measure = measures[metric] else {
            return [MetricValue](
                repeating: MetricValue(numerator: 0, matured: false), count: units.count)
        }
        let numerators = sums(additions[metric].numerators)
        let denominators = measure.denominator == nil ? nil : sums(additions[metric].denominators)
        let covariates = covariates(of: metric, measure)
        let isProportion = design.metrics[metric].kind == .proportion
        return units.indices.map { unit in
            MetricValue(
                numerator: isProportion ? (numerators[unit] > 0 ? 1 : 0) : numerators[unit],
                denominator: denominators?[unit] ?? 1, covariate: covariates?[unit],
                matured: units[unit].first <= horizon - measure.maturity)
        }
    }

    private func covariates(of metric: Int, _ measure: UnitMeasure) -> [Double?]? {
        switch measure.covariate {
        case nil: return nil
        case .past?: return sums(additions[metric].covariates)
        case .first?:
            var values = [Double?](repeating: nil, count: units.count)
            // Sorted, so that of several the least is taken, whichever came first.
            for addition in sorted(additions[metric].covariates).reversed() {
                values[addition.unit] = addition.value
            }
            return values
        }
    }

    private func sums(_ additions: [Addition]) -> [Double] {
        var sums = [ExactSum](repeating: ExactSum(), count: units.count)
        for addition in sorted(additions) { sums[addition.unit].add(addition.value) }
        return sums.map(\.value)
    }

    private func sorted(_ additions: [Addition]) -> [Addition] {
        additions.sorted { ($0.unit, $0.value) < ($1.unit, $1.value) }
    }
}
