import AssayMessages
import Testing
import Wire

@testable import ModelCore

@Suite("What shadows said, as a covariate")
struct ShadowCovariateTests {
    /// Fraud follows control's score; one row of the log for each unit's call.
    private func kit(version: UInt32) async throws -> AnalysisKit {
        var specification = AssayModelsV1.ExperimentSpecification.shipped()
        specification.model = "fraud-card"
        specification.metrics[0].covariate = "shadow.control.probability"
        let kit = try AnalysisKit(specification)
        var outcomes: [AssayModelsV1.Outcome] = []
        for number in 0..<2_000 {
            let arm = try kit.meet("c-\(number)", call: "r-\(number)")
            let score = Double((number * 7_919) % 1_000) / 1_000
            let isFraud = score > 0.6 || number % 11 == 0
            outcomes.append(
                kit.outcome(
                    "f-\(number)", of: "r-\(number)", "outcome.fraud_found", isFraud ? 1 : 0))
            _ = kit.shadows.record(
                AssayModelsV1.ShadowRow(
                    requestID: "r-\(number)", at: kit.time.now, revision: 1,
                    live: .init(version: arm == "control" ? 17 : 18, margin: 0, score: 0.5),
                    shadow: .init(version: version, margin: 0, score: score)),
                model: "fraud-card", shadow: "control-everywhere")
        }
        _ = try await kit.outcomes.record(outcomes)
        kit.shadows.drain()
        kit.time.advance(by: 1)
        return kit
    }

    @Test("control's scores of the first calls of all arms adjust the metric")
    func adjusts() async throws {
        let kit = try await kit(version: 17)
        defer { kit.close() }
        let analysis = try await kit.analyst.analyze(.init(experiment: "card-challenger"))
        let adjusted = try #require(analysis.comparisons.first?.effect)
        #expect((adjusted.theta ?? 0) > 0.5)
        let asOf = analysis.horizon
        kit.time.advance(by: 5_000)
        let again = try await kit.analyst.analyze(
            .init(experiment: "card-challenger", asOf: asOf))
        #expect(again.encoded() == analysis.encoded())
    }

    @Test("scores of another version are no covariate")
    func otherVersion() async throws {
        let kit = try await kit(version: 18)
        defer { kit.close() }
        let analysis = try await kit.analyst.analyze(.init(experiment: "card-challenger"))
        let effect = try #require(analysis.comparisons.first?.effect)
        #expect(effect.theta ?? 0 == 0)
    }
}
