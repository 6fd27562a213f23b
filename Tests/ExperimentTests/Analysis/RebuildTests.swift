import AssayMessages
import Statistics
import Testing
import Wire

@testable import ModelCore

@Suite("Analysis from the decision log")
struct RebuildTests {
    private static let amount = AssayModelsV1.MetricSpecification(
        name: "loss_rate", role: .primary, kind: .ratio, better: .lower,
        numerator: "outcome.fraud_amount", denominator: "event.amount")

    @Test("after a rebuild the analysis has the same bytes, and reads amounts and approvals")
    func rebuild() async throws {
        var specification = AssayModelsV1.ExperimentSpecification.shipped()
        specification.metrics.insert(Self.amount, at: 0)
        let kit = try AnalysisKit(specification)
        defer { kit.close() }
        let records = (0..<600).map(kit.decision)
        let index = try ExposureIndex(store: kit.store)
        let recorder = CallRecorder(store: kit.store)
        let time = kit.time
        let analyst = ExperimentAnalyst(
            control: kit.control, exposures: index, outcomes: kit.outcomes,
            counts: recorder.counter, recorder: recorder, now: { time.now })
        // As the calls were answered.
        for record in records {
            let assignment = try #require(record.model?.assignments.first)
            let met = AssayModelsV1.Assignment(
                experiment: assignment.experiment, revision: 1, epoch: assignment.epoch,
                arm: assignment.arm, reason: .assigned, unitHash: assignment.unitHash)
            index.record([met], at: record.decidedAt, requestID: record.requestID)
            recorder.answered(
                [met], requestID: record.requestID, at: record.decidedAt, microseconds: 10)
        }
        kit.time.advance(by: 10_000)
        #expect(try await analyst.record(records) == 600 + 600 - 86)
        #expect(try await analyst.record(records) == 0)
        // By the id of the decision, and by that of the request.
        _ = try await kit.outcomes.record(
            (0..<60).map {
                kit.outcome(
                    "o-\($0)", of: $0 % 2 == 0 ? "\(records[$0].decisionID)" : "r-\($0)",
                    "outcome.fraud_amount", 50)
            })
        kit.time.advance(by: 1)
        let before = try await analyst.analyze(.init(experiment: "card-challenger"))
        let own = records.filter { $0.model?.assignments.first?.arm == "control" }
        let numbers = own.map { Int($0.decisionID.low) }
        let lost = 50 * numbers.count { $0 < 60 }
        let turnover = numbers.reduce(0) { $0 + 100 + $1 }
        let mean = try #require(before.comparisons.first).control.mean
        #expect(abs(mean - Double(lost) / Double(turnover)) < 1e-15)

        let rebuild = try index.beginRebuild()
        try await rebuild.add(records.reversed().flatMap(SealedExposures.exposures))
        #expect(try await rebuild.finish() == 600)
        let after = try await analyst.analyze(
            .init(experiment: "card-challenger", asOf: before.horizon))
        #expect(after.encoded() == before.encoded())
    }

    @Test("facts of decisions: what the metrics name, numbers alone, nothing of a value of 0")
    func facts() throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let record = kit.decision(1)
        let facts = SealedFacts.facts(
            of: record,
            named: [
                "decision.approved", "decision.count", "decision.declined", "decision.score",
                "decision.unknown", "event.amount", "event.country", "event.nothing",
                "event.tx.amount", "outcome.loss",
            ])
        #expect(
            facts.map(\.name) == [
                "decision.approved", "decision.count", "decision.score", "event.amount",
                "event.tx.amount",
            ])
        #expect(facts.map(\.value) == [1, 1, 42, 101, 101])
        #expect(Set(facts.map(\.id)).count == facts.count)
    }
}
