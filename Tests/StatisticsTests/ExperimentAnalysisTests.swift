import Numerics
import Statistics
import Testing

@Suite("Analysis of an experiment")
struct ExperimentAnalysisTests {
    @Test("the same units in any order, twice: the same bytes and hash")
    func repeatable() throws {
        let design = try Self.design([Self.approved, Self.loss])
        let units = Self.units(400, seed: 1) { random, arm in
            [
                MetricValue(numerator: random.next(below: 10) < 3 + arm ? 1 : 0),
                MetricValue(
                    numerator: Double(random.next(below: 1_000)) / 7,
                    denominator: Double(1 + random.next(below: 5_000)) / 3,
                    covariate: Double(random.next(below: 100)) / 9),
            ]
        }
        let look = Look(number: 3, horizon: 1_795_000_000_000)
        let first = ExperimentAnalysis.analyze(design, units: units, look: look)
        var random = SplitMix64(seed: 2)
        for _ in 0..<3 {
            let again = ExperimentAnalysis.analyze(
                design, units: units.shuffled(using: &random), look: look)
            #expect(again.canonicalBytes == first.canonicalBytes)
            #expect(again.contentHash == first.contentHash)
        }
        let other = ExperimentAnalysis.analyze(
            design, units: units, look: Look(number: 4, horizon: 1_795_000_000_000))
        #expect(other.contentHash != first.contentHash)
    }

    @Test("a proportion is the published case: sequence around the difference, p, lift")
    func published() throws {
        let design = try Self.design([Self.approved])
        let units = Self.binary(control: (310, 5_000), treatment: (365, 5_000))
        let result = ExperimentAnalysis.analyze(design, units: units, look: Self.look)
        let comparison = try #require(result.comparisons.first)
        let effect = try #require(comparison.effect)
        expect(effect.difference, 0.011)
        expect(effect.interval.upper - effect.difference, 0.0153579394501307)
        #expect(comparison.finding == .none)
        #expect(result.verdict == .open)
        expect(try #require(effect.lift).value, 0.011 / 0.062)
    }

    @Test("the fixed method gives the published z test and interval")
    func fixed() throws {
        let design = try Self.design([Self.approved], method: .fixed)
        let units = Self.binary(control: (310, 5_000), treatment: (365, 5_000))
        let result = ExperimentAnalysis.analyze(design, units: units, look: Self.look)
        let comparison = try #require(result.comparisons.first)
        expect(comparison.adjustedPValue, 0.0283628063174575)
        expect(try #require(comparison.effect).interval.lower, 0.001167815715401992)
        #expect(comparison.finding == .better)
        #expect(result.verdict == .decided)
    }

    @Test("the mixture keeps the largest ratio of all looks")
    func mixture() throws {
        let design = try Self.design([Self.approved], method: .mixture(variance: 1e-4))
        let units = Self.binary(control: (310, 5_000), treatment: (365, 5_000))
        let first = ExperimentAnalysis.analyze(design, units: units, look: Self.look)
        expect(try #require(first.comparisons[0].effect?.likelihoodRatio), 3.06072274574796)
        let even = Self.binary(control: (310, 5_000), treatment: (310, 5_000))
        let second = ExperimentAnalysis.analyze(
            design, units: even, look: Look(number: 2, horizon: 2, carried: first.carried))
        expect(second.comparisons[0].adjustedPValue, 0.326720217108599)
    }

    @Test("a look with nothing to compare hands on the largest ratio of the looks before")
    func mixtureWithoutEffect() throws {
        let design = try Self.design([Self.approved], method: .mixture(variance: 1e-4))
        let earlier = Look.Carried(likelihoodRatios: [7])
        let result = ExperimentAnalysis.analyze(
            design, units: [], look: Look(number: 2, horizon: 2, carried: earlier))
        #expect(result.comparisons[0].effect == nil)
        #expect(result.carried.likelihoodRatios == [7])
    }

    @Test("a ratio with a covariate: theta of the linearised values, in both arms")
    func ratioWithCovariate() throws {
        let design = try Self.design([Self.loss])
        let control = (numerators: [1.0, 3, 2, 5, 4], covariates: [2.0, 4, 3, 6, 5])
        let treatment = (numerators: [2.0, 4, 4, 6, 5], covariates: [1.0, 4, 3, 5, 5])
        var rows: [UnitRow] = []
        for (arm, values) in [control, treatment].enumerated() {
            for (index, value) in values.numerators.enumerated() {
                rows.append(
                    UnitRow(
                        hash: UInt64(arm * 100 + index), arm: arm,
                        values: [
                            MetricValue(numerator: value, covariate: values.covariates[index])
                        ]))
            }
        }
        let effect = try #require(
            ExperimentAnalysis.analyze(design, units: rows, look: Self.look).comparisons[0].effect)
        expect(try #require(effect.theta), 0.915094339622642)
        expect(effect.difference, 1.56603773584906)
        expect(effect.standardError, 0.228819777480089)
    }

    @Test("a unit without a covariate gets the common mean, and moves nothing")
    func missingCovariate() throws {
        let design = try Self.design([Self.loss])
        let units = Self.units(2_000, seed: 5) { random, _ in
            let strength = Double(random.next(below: 1_000))
            return [
                MetricValue(
                    numerator: strength + Double(random.next(below: 100)),
                    covariate: random.next(below: 10) == 0 ? nil : strength)
            ]
        }
        let effect = try #require(
            ExperimentAnalysis.analyze(design, units: units, look: Self.look).comparisons[0].effect)
        let bare = units.map {
            UnitRow(
                hash: $0.hash, arm: $0.arm, values: [MetricValue(numerator: $0.values[0].numerator)]
            )
        }
        let plain = try #require(
            ExperimentAnalysis.analyze(design, units: bare, look: Self.look).comparisons[0].effect)
        expect(try #require(effect.theta), 1, within: 0.05)
        #expect(effect.standardError < 0.5 * plain.standardError)
        #expect(plain.theta == nil)
    }

    @Test("crossovers, forced, repeated and foreign rows are out and counted; one percent alerts")
    func excluded() throws {
        let design = try Self.design([Self.approved])
        var rows = Self.binary(control: (10, 100), treatment: (10, 100))
        let value = [MetricValue(numerator: 1)]
        rows.append(UnitRow(hash: 1_001, arm: 0, flags: .crossover, values: value))
        rows.append(UnitRow(hash: 1_002, arm: 0, values: value))
        rows.append(UnitRow(hash: 1_002, arm: 1, values: value))
        rows.append(UnitRow(hash: 1_003, arm: 1, flags: .forced, values: value))
        rows.append(UnitRow(hash: 1_004, arm: 1, values: value))
        rows.append(UnitRow(hash: 1_004, arm: 1, values: value))
        rows.append(UnitRow(hash: 1_005, arm: 2, values: value))
        rows.append(UnitRow(hash: 1_006, arm: -1, values: value))
        rows.append(UnitRow(hash: 1_007, arm: 1, values: []))
        rows.append(UnitRow(hash: 1_008, arm: 1, flags: [.failed, .fallback], values: value))
        let result = ExperimentAnalysis.analyze(design, units: rows, look: Self.look)
        #expect(result.arms.map(\.units) == [100, 101])
        #expect(result.arms[1].failed == 1)
        #expect(result.arms[1].fallback == 1)
        #expect(result.excluded.crossovers == 2)
        #expect(result.excluded.forced == 1)
        #expect(result.excluded.unusable == 5)
        #expect(!result.excluded.tooManyCrossovers)
        rows.append(UnitRow(hash: 1_009, arm: 0, flags: .crossover, values: value))
        let more = ExperimentAnalysis.analyze(design, units: rows, look: Self.look)
        #expect(more.excluded.tooManyCrossovers)
    }

    @Test("young units are censored, never zero; impossible values are counted")
    func censored() throws {
        let design = try Self.design([Self.approved])
        let values: [MetricValue] = [
            .init(numerator: 1), .init(numerator: 0), .init(numerator: 1, matured: false),
            .init(numerator: 0, matured: false), .init(numerator: 0.5), .init(numerator: .nan),
            .init(numerator: .infinity), .init(numerator: 1), .init(numerator: 1),
        ]
        let rows = values.enumerated().map { index, value in
            UnitRow(hash: UInt64(index), arm: index < 7 ? 0 : 1, values: [value])
        }
        let comparison = ExperimentAnalysis.analyze(design, units: rows, look: Self.look)
            .comparisons[0]
        #expect(comparison.control.units == 2)
        #expect(comparison.control.mean == 0.5)
        #expect(comparison.control.censored == 2)
        #expect(comparison.control.invalid == 3)
        #expect(comparison.finding == .withheld)
    }

    @Test("no verdict before the minimum of matured units per arm")
    func tooFew() throws {
        let design = try Self.design([Self.approved])
        let few = Self.binary(control: (10, 999), treatment: (900, 1_000))
        let early = ExperimentAnalysis.analyze(design, units: few, look: Self.look)
        #expect(early.verdict == .tooFewUnits)
        let enough = Self.binary(control: (10, 1_000), treatment: (900, 1_000))
        let result = ExperimentAnalysis.analyze(design, units: enough, look: Self.look)
        #expect(result.verdict == .decided)
        #expect(result.comparisons[0].finding == .better)
    }

    @Test("while the sample ratio alarms nothing is concluded, and the alarm stays")
    func sampleRatioMismatch() throws {
        let design = try Self.design([Self.approved])
        let units = Self.binary(control: (10, 10_000), treatment: (900, 12_000))
        let result = ExperimentAnalysis.analyze(design, units: units, look: Self.look)
        #expect(result.sampleRatio.alarm)
        #expect(result.verdict == .sampleRatioMismatch)
        #expect(result.comparisons[0].finding == .withheld)
        let even = Self.binary(control: (10, 12_000), treatment: (900, 12_000))
        let later = ExperimentAnalysis.analyze(
            design, units: even, look: Look(number: 2, horizon: 2, carried: result.carried))
        #expect(later.sampleRatio.alarm)
    }

    @Test(
        "several primary metrics and arms share alpha by Holm; a secondary one does not take part")
    func severalMetrics() throws {
        let design = try ExperimentDesign(
            name: "e", revision: 1, epoch: 1,
            arms: [
                .init(name: "a", weight: 3_000),
                .init(name: "control", weight: 4_000, isControl: true),
                .init(name: "b", weight: 3_000),
            ],
            metrics: [
                Self.approved,
                .init(name: "second", role: .primary, kind: .mean, better: .lower),
                .init(name: "third", role: .secondary, kind: .mean, better: .lower),
            ], method: .fixed)
        let units = Self.units(3_000, seed: 9, arms: 3) { random, arm in
            [
                MetricValue(numerator: random.next(below: 100) < 50 + arm ? 1 : 0),
                MetricValue(numerator: Double(random.next(below: 100) + arm)),
                MetricValue(numerator: Double(random.next(below: 100))),
            ]
        }
        let result = ExperimentAnalysis.analyze(design, units: units, look: Self.look)
        #expect(result.comparisons.map(\.arm) == ["a", "b", "a", "b", "a", "b"])
        let raw = try result.comparisons.map { try #require($0.effect).pValue }
        let holm = HolmCorrection.adjusted(Array(raw[0..<4]))
        #expect(result.comparisons.map(\.adjustedPValue) == holm + raw[4...])
    }

    @Test("values that would overflow are refused one by one, not with the process")
    func extremes() throws {
        let design = try Self.design([Self.loss, Self.mean])
        let odd: [Double] = [
            1e300, -1e300, 1e30, -1e30, .leastNonzeroMagnitude, -0.0, .nan, .infinity, 1e-300, 1e25,
        ]
        var random = SplitMix64(seed: 11)
        for _ in 0..<200 {
            let rows = (0..<24).map { index in
                let value = {
                    MetricValue(
                        numerator: odd[random.next(below: odd.count)],
                        denominator: odd[random.next(below: odd.count)],
                        covariate: odd[random.next(below: odd.count)])
                }
                return UnitRow(hash: UInt64(index), arm: index % 2, values: [value(), value()])
            }
            let result = ExperimentAnalysis.analyze(design, units: rows, look: Self.look)
            for comparison in result.comparisons {
                guard let effect = comparison.effect else { continue }
                #expect(!effect.difference.isNaN && !effect.standardError.isNaN)
                #expect((0...1).contains(effect.pValue))
            }
        }
    }

    static let approved = ExperimentMetric(
        name: "approval_rate", role: .primary, kind: .proportion, better: .higher)
    static let loss = ExperimentMetric(
        name: "fraud_loss_rate", role: .primary, kind: .ratio, better: .lower)
    static let mean = ExperimentMetric(
        name: "amount", role: .primary, kind: .mean, better: .higher)
    static let look = Look(number: 1, horizon: 1)

    static func design(
        _ metrics: [ExperimentMetric], method: ExperimentDesign.Method = .asymptoticSequence
    ) throws -> ExperimentDesign {
        try ExperimentDesign(
            name: "card-challenger", revision: 1, epoch: 1,
            arms: [
                .init(name: "control", weight: 5_000, isControl: true),
                .init(name: "challenger", weight: 5_000),
            ], metrics: metrics, method: method)
    }

    /// `count` units, the arms in turn, with hashes that are in no order.
    static func units(
        _ count: Int, seed: UInt64, arms: Int = 2,
        _ values: (inout SplitMix64, Int) -> [MetricValue]
    ) -> [UnitRow] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { index in
            UnitRow(
                hash: random.next(), arm: index % arms, values: values(&random, index % arms))
        }
    }

    /// So many units with the event, among so many, in each arm.
    static func binary(control: (Int, Int), treatment: (Int, Int)) -> [UnitRow] {
        var rows: [UnitRow] = []
        for (arm, (events, trials)) in [control, treatment].enumerated() {
            for index in 0..<trials {
                rows.append(
                    UnitRow(
                        hash: UInt64(arm * 1_000_000 + index) &* 0x9E37_79B9_7F4A_7C15, arm: arm,
                        values: [MetricValue(numerator: index < events ? 1 : 0)]))
            }
        }
        return rows
    }
}
