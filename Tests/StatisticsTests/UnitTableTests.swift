import Numerics
import Statistics
import Testing

@Suite("The table of units")
struct UnitTableTests {
    private static let day: Int64 = 86_400_000
    private static let approved = ExperimentMetric(
        name: "approval_rate", role: .primary, kind: .proportion, better: .higher)
    private static let loss = ExperimentMetric(
        name: "loss", role: .primary, kind: .ratio, better: .lower)

    private static func table(
        horizon: Int64 = 100 * day, maturity: Int64 = 0,
        covariate: UnitMeasure.Covariate? = nil
    ) throws -> UnitTable {
        let design = try ExperimentDesign(
            name: "test", revision: 1, epoch: 1,
            arms: [
                .init(name: "control", weight: 5_000, isControl: true),
                .init(name: "challenger", weight: 5_000),
            ], metrics: [approved, loss])
        return UnitTable(
            design: design,
            measures: [
                UnitMeasure(numerator: "decision.approved", maturity: maturity),
                UnitMeasure(
                    numerator: "outcome.fraud_amount", denominator: "event.amount",
                    covariate: covariate, maturity: maturity),
            ], horizon: horizon)
    }

    private static func fact(
        _ name: String, _ call: String, _ value: Double, observed: Int64 = 0
    ) -> UnitFact {
        UnitFact(name: name, subject: .call(call), value: value, observedAt: observed)
    }

    @Test("facts of a unit's calls add up; a proportion is an event or not")
    func sums() throws {
        var table = try Self.table()
        table.add(UnitExposure(unit: 9, arm: "challenger", at: 10))
        table.add(UnitExposure(unit: 4, arm: "control", at: 20, flags: .fallback))
        table.add(call: "a", unit: 9, at: 10)
        table.add(call: "b", unit: 9, at: 30)
        table.add(call: "c", unit: 4, at: 20)
        for call in ["a", "b"] { table.add(Self.fact("decision.approved", call, 1)) }
        table.add(Self.fact("event.amount", "a", 100))
        table.add(Self.fact("event.amount", "b", 50.5))
        table.add(Self.fact("event.amount", "c", 7))
        table.add(Self.fact("outcome.fraud_amount", "b", 50.5))
        table.add(Self.fact("outcome.other", "b", 1))
        table.add(Self.fact("event.amount", "unknown", 1))
        let rows = table.rows()
        #expect(rows.map(\.hash) == [4, 9])
        #expect(rows[0].flags == .fallback && rows[0].arm == 0 && rows[1].arm == 1)
        #expect(rows[1].values[0].numerator == 1 && rows[0].values[0].numerator == 0)
        #expect(rows[1].values[1].numerator == 50.5 && rows[1].values[1].denominator == 150.5)
        #expect(rows[0].values[1].numerator == 0 && rows[0].values[1].denominator == 7)
        #expect(table.unmatched == 1)
        #expect(
            table.factNames == ["decision.approved", "event.amount", "outcome.fraud_amount"])
    }

    @Test("a retraction takes an event back")
    func retraction() throws {
        var table = try Self.table()
        table.add(UnitExposure(unit: 1, arm: "control", at: 10))
        for value in [1.0, -1.0] {
            table.add(
                UnitFact(
                    name: "decision.approved", subject: .unit(1, at: 11), value: value,
                    observedAt: 12))
        }
        #expect(table.rows()[0].values[0].numerator == 0)
    }

    @Test("younger than the maturity: the unit is censored, and so is a young call of an old unit")
    func maturity() throws {
        let day = Self.day
        var table = try Self.table(maturity: 30 * day)
        table.add(UnitExposure(unit: 1, arm: "control", at: 70 * day))
        table.add(UnitExposure(unit: 2, arm: "control", at: 70 * day + 1))
        table.add(call: "old", unit: 1, at: 70 * day)
        table.add(call: "young", unit: 1, at: 71 * day)
        for call in ["old", "young"] { table.add(Self.fact("event.amount", call, 10)) }
        let rows = table.rows()
        #expect(rows.map { $0.values[1].matured } == [true, false])
        #expect(rows[0].values[1].denominator == 10)
    }

    @Test("what happened, or was observed, at the horizon or later is not in it")
    func horizon() throws {
        var table = try Self.table(horizon: 1_000)
        table.add(UnitExposure(unit: 1, arm: "control", at: 999))
        table.add(UnitExposure(unit: 2, arm: "control", at: 1_000))
        table.add(call: "a", unit: 1, at: 999)
        table.add(Self.fact("event.amount", "a", 1, observed: 999))
        table.add(Self.fact("event.amount", "a", 2, observed: 1_000))
        #expect(table.unitCount == 1)
        #expect(table.rows()[0].values[1].denominator == 1)
    }

    @Test("a unit met in two arms, or in an arm that is not of the design, does not count")
    func crossovers() throws {
        var table = try Self.table()
        table.add(UnitExposure(unit: 1, arm: "control", at: 5))
        table.add(UnitExposure(unit: 1, arm: "challenger", at: 6))
        table.add(UnitExposure(unit: 2, arm: "control", at: 7))
        table.add(UnitExposure(unit: 2, arm: "control", at: 3))
        table.add(UnitExposure(unit: 3, arm: "gone", at: 5))
        let rows = table.rows()
        #expect(rows[0].flags.contains(.crossover))
        #expect(rows[1].flags.isEmpty)
        #expect(rows[2].arm == -1)
    }

    @Test("past facts are a covariate only if they were known before the first exposure")
    func pastCovariate() throws {
        var table = try Self.table(covariate: .past("outcome.fraud_amount"))
        table.add(UnitExposure(unit: 1, arm: "control", at: 1_000))
        table.add(UnitExposure(unit: 2, arm: "control", at: 1_000))
        func add(_ value: Double, at: Int64, observed: Int64) {
            table.add(
                UnitFact(
                    name: "outcome.fraud_amount", subject: .unit(1, at: at), value: value,
                    observedAt: observed))
        }
        add(3, at: 10, observed: 20)
        add(4, at: 500, observed: 999)
        add(100, at: 500, observed: 1_000)
        add(1_000, at: 1_000, observed: 1_001)
        let rows = table.rows()
        #expect(rows.map { $0.values[1].covariate } == [7, 0])
        #expect(rows[0].values[1].numerator == 1_000)
        #expect(rows[0].values[0].covariate == nil)
    }

    @Test("a score in the shadow is a covariate of the first call alone, and may be unknown")
    func shadowCovariate() throws {
        var table = try Self.table(covariate: .first("shadow.control.probability"))
        table.add(UnitExposure(unit: 1, arm: "control", at: 1_000))
        table.add(UnitExposure(unit: 2, arm: "control", at: 1_000))
        table.add(call: "a", unit: 1, at: 1_000)
        table.add(call: "b", unit: 1, at: 2_000)
        table.add(Self.fact("shadow.control.probability", "b", 0.9))
        table.add(Self.fact("shadow.control.probability", "a", 0.25))
        #expect(table.rows().map { $0.values[1].covariate } == [0.25, nil])
    }

    @Test("in whatever order it is told, the table is the same to the last bit")
    func order() throws {
        var random = SplitMix64(seed: 11)
        var facts: [UnitFact] = []
        var exposures: [UnitExposure] = []
        for unit in 0..<200 {
            let at = Int64(random.next(below: 1_000))
            exposures.append(
                UnitExposure(
                    unit: UInt64(unit), arm: unit % 2 == 0 ? "control" : "challenger", at: at))
            for name in ["event.amount", "outcome.fraud_amount", "decision.approved"] {
                for _ in 0..<5 {
                    facts.append(
                        UnitFact(
                            name: name, subject: .unit(UInt64(unit), at: at + 1),
                            value: Double(random.next(below: 1_000_000)) / 7, observedAt: at + 2))
                }
            }
        }
        func rows() throws -> [UnitRow] {
            var table = try Self.table()
            for exposure in exposures.shuffled(using: &random) { table.add(exposure) }
            for fact in facts.shuffled(using: &random) { table.add(fact) }
            return table.rows()
        }
        let first = try rows()
        for _ in 0..<5 { #expect(try rows() == first) }
    }
}
