import Statistics
import Testing

@Suite("Guardrails")
struct GuardrailTests {
    typealias Analysis = ExperimentAnalysisTests

    @Test("a lift below the worst one allowed stops; one that is within does not")
    func relative() throws {
        let design = try Analysis.design([
            .init(
                name: "approval_rate", role: .guardrail, kind: .proportion, better: .higher,
                limit: .relative(-0.01))
        ])
        let harmful = Analysis.binary(control: (8_000, 10_000), treatment: (7_000, 10_000))
        let result = ExperimentAnalysis.analyze(design, units: harmful, look: Analysis.look)
        #expect(result.guardrails[0].state == .broken)
        #expect(result.verdict == .harm)
        expect(try #require(result.guardrails[0].value), -0.125)
        let slight = Analysis.binary(control: (8_000, 10_000), treatment: (7_900, 10_000))
        let fine = ExperimentAnalysis.analyze(design, units: slight, look: Analysis.look)
        #expect(fine.guardrails[0].state == .holds)
        let better = Analysis.binary(control: (7_000, 10_000), treatment: (9_000, 10_000))
        let good = ExperimentAnalysis.analyze(design, units: better, look: Analysis.look)
        #expect(good.guardrails[0].state == .holds)
        #expect(good.guardrails[0].pValue == 1)
    }

    @Test("errors are counted per call, against the worst share allowed")
    func errors() throws {
        let design = try Analysis.design([Self.errors])
        func state(_ events: Int, _ trials: Int) -> AnalysisResult.GuardrailState {
            let counts = MetricCounts(
                metric: "error_rate",
                arms: [Share(events: 0, trials: 9), Share(events: events, trials: trials)])
            return ExperimentAnalysis.analyze(
                design, units: [], counts: [counts], look: Analysis.look
            ).guardrails[0].state
        }
        #expect(state(900, 999) == .tooFewUnits)
        #expect(state(900, 1_000) == .broken)
        #expect(state(1_000, 1_000) == .broken)
        #expect(state(0, 1_000) == .holds)
        #expect(state(20, 20_000) == .holds)
        #expect(state(100, 20_000) == .broken)
    }

    @Test("a p99 is the share of calls above the worst against one percent")
    func quantile() throws {
        let design = try Analysis.design([
            .init(
                name: "compute_p99_us", role: .guardrail, kind: .quantile(0.99), better: .lower,
                limit: .level(300), source: .counts)
        ])
        func result(_ above: Int) -> AnalysisResult.GuardrailResult {
            let counts = MetricCounts(
                metric: "compute_p99_us", arms: [nil, Share(events: above, trials: 100_000)])
            return ExperimentAnalysis.analyze(
                design, units: [], counts: [counts], look: Analysis.look
            ).guardrails[0]
        }
        #expect(result(1_000).state == .holds)
        #expect(result(1_100).state == .holds)
        #expect(result(1_500).state == .broken)
        #expect(result(1_500).limit == 300)
        expect(try #require(result(1_500).value), 0.015)
    }

    @Test("without counts nothing is said")
    func noCounts() throws {
        let design = try Analysis.design([Self.errors])
        let result = ExperimentAnalysis.analyze(design, units: [], look: Analysis.look)
        #expect(result.guardrails[0].state == .tooFewUnits)
        #expect(result.verdict == .open)
        let short = MetricCounts(metric: "error_rate", arms: [])
        let same = ExperimentAnalysis.analyze(
            design, units: [], counts: [short], look: Analysis.look)
        #expect(same.guardrails[0].state == .tooFewUnits)
    }

    @Test("the lowest by the highest group: harm below four fifths, and small groups are left out")
    func fairness() throws {
        let design = try Analysis.design([
            .init(
                name: "adverse_impact_ratio", role: .guardrail, kind: .fairness(groups: 3),
                better: .higher, limit: .level(0.8))
        ])
        func result(_ rates: [(Int, Int)]) -> AnalysisResult.GuardrailResult {
            var rows: [UnitRow] = []
            for (group, (events, members)) in rates.enumerated() {
                for index in 0..<members {
                    rows.append(
                        UnitRow(
                            hash: UInt64(group * 100_000 + index), arm: 1,
                            values: [
                                MetricValue(numerator: index < events ? 1 : 0, group: group)
                            ]))
                }
            }
            return ExperimentAnalysis.analyze(design, units: rows, look: Analysis.look)
                .guardrails[0]
        }
        let harmful = result([(3_000, 5_000), (1_500, 5_000), (0, 29)])
        #expect(harmful.state == .broken)
        expect(try #require(harmful.value), 0.5)
        #expect(result([(3_000, 5_000), (2_900, 5_000), (2_950, 5_000)]).state == .holds)
        #expect(result([(3_000, 5_000), (4, 5_000), (0, 0)]).state == .undefined)
        #expect(result([(300, 500), (100, 400), (0, 0)]).state == .tooFewUnits)
    }

    @Test("a harmful arm is found also while the sample ratio alarms")
    func whileSampleRatioAlarms() throws {
        let design = try Analysis.design([
            .init(
                name: "approval_rate", role: .guardrail, kind: .proportion, better: .higher,
                limit: .level(0.5))
        ])
        let units = Analysis.binary(control: (9_000, 10_000), treatment: (1_000, 6_000))
        let result = ExperimentAnalysis.analyze(design, units: units, look: Analysis.look)
        #expect(result.sampleRatio.alarm)
        #expect(result.verdict == .harm)
    }

    @Test("the level is divided by the number of guardrails and treatments")
    func level() throws {
        func pValue(_ guardrails: Int) throws -> AnalysisResult.GuardrailResult {
            let design = try Analysis.design(
                (0..<guardrails).map {
                    .init(
                        name: "g\($0)", role: .guardrail, kind: .proportion, better: .lower,
                        limit: .level(0.001), source: .counts)
                })
            let counts = MetricCounts(metric: "g0", arms: [nil, Share(events: 40, trials: 10_000)])
            return ExperimentAnalysis.analyze(
                design, units: [], counts: [counts], look: Analysis.look
            ).guardrails[0]
        }
        let one = try pValue(1)
        let five = try pValue(5)
        #expect(five.margin > one.margin)
    }

    static let errors = ExperimentMetric(
        name: "error_rate", role: .guardrail, kind: .proportion, better: .lower,
        limit: .level(0.001), source: .counts)
}

@Suite("Designs")
struct ExperimentDesignTests {
    @Test("what cannot be analysed is refused, and says why")
    func refused() {
        expectRefusal("arms: 1; an experiment has 2 to 8", arms: [Self.control])
        expectRefusal(
            "arms: exactly one is the control",
            arms: [Self.control, .init(name: "b", weight: 5_000, isControl: true)])
        expectRefusal(
            "arms: two have the same name",
            arms: [Self.control, .init(name: "control", weight: 5_000)])
        expectRefusal(
            "arms: weights are basis points and add up to 10000",
            arms: [Self.control, .init(name: "b", weight: 4_999)])
        expectRefusal("alpha: 0.5; expected above 0 and below 0.5", alpha: 0.5)
        expectRefusal("alpha: nan; expected above 0 and below 0.5", alpha: .nan)
        expectRefusal(
            "metric m: a guardrail states `worst` or `worst_relative`",
            metrics: [.init(name: "m", role: .guardrail, kind: .mean, better: .lower)])
        expectRefusal(
            "metric m: calls are not units; it can only be a guardrail",
            metrics: [
                .init(
                    name: "m", role: .primary, kind: .proportion, better: .lower, source: .counts)
            ])
        expectRefusal(
            "metrics: two have the same name",
            metrics: [ExperimentAnalysisTests.mean, ExperimentAnalysisTests.mean])
        expectRefusal(
            "metric m: the quantile lies between 0 and 1",
            metrics: [
                .init(
                    name: "m", role: .guardrail, kind: .quantile(1), better: .lower,
                    limit: .level(3), source: .counts)
            ])
    }

    static let control = ExperimentDesign.Arm(name: "control", weight: 5_000, isControl: true)

    private func expectRefusal(
        _ reason: String,
        arms: [ExperimentDesign.Arm] = [control, .init(name: "b", weight: 5_000)],
        metrics: [ExperimentMetric] = [], alpha: Double = 0.05,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do {
            _ = try ExperimentDesign(
                name: "e", revision: 1, epoch: 1, arms: arms, metrics: metrics, alpha: alpha)
            Issue.record("accepted: \(reason)", sourceLocation: sourceLocation)
        } catch { #expect(error.description == reason, sourceLocation: sourceLocation) }
    }
}
