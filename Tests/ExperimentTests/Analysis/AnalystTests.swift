import AssayMessages
import Numerics
import RPC
import Testing
import Wire

@testable import ModelCore

@Suite("Analysis of a running experiment")
struct AnalystTests {
    /// 2,000 customers with a call each, and outcomes for some of them; the means that must come out.
    private func fill(
        _ kit: AnalysisKit, found: [String: Int] = ["control": 10, "challenger": 5]
    ) async throws -> [String: (units: Int, events: Int)] {
        var truth = ["control": (units: 0, events: 0), "challenger": (units: 0, events: 0)]
        var outcomes: [AssayModelsV1.Outcome] = []
        for number in 0..<2_000 {
            let arm = try kit.meet("c-\(number)", call: "r-\(number)")
            truth[arm]?.units += 1
            outcomes.append(kit.outcome("a-\(number)", of: "r-\(number)", "decision.approved", 1))
            if number % (found[arm] ?? 1) == 0 {
                truth[arm]?.events += 1
                outcomes.append(
                    kit.outcome("f-\(number)", of: "r-\(number)", "outcome.fraud_found", 1))
            }
        }
        // Every third one is delivered twice.
        let again = outcomes.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
        let tally = try await kit.outcomes.record(outcomes + again)
        #expect(tally.recorded == outcomes.count && tally.repeated == again.count)
        kit.time.advance(by: 1)
        return truth
    }

    @Test("the arms' units and means come out, and the same again gives the same bytes")
    func means() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let truth = try await fill(kit)
        let analysis = try await kit.analyst.analyze(.init(experiment: "card-challenger"))
        let control = try #require(truth["control"])
        let challenger = try #require(truth["challenger"])
        #expect(analysis.arms.map(\.units) == [control, challenger].map { UInt64($0.units) })
        #expect(analysis.arms.map(\.version) == [17, 18])
        let comparison = try #require(analysis.comparisons.first)
        #expect(comparison.control.mean == Double(control.events) / Double(control.units))
        #expect(
            comparison.treatment.mean == Double(challenger.events) / Double(challenger.units))
        #expect(comparison.finding == .better && analysis.verdict == .decided)
        #expect(analysis.guardrails.map(\.state) == [.holds])
        #expect(!analysis.sampleRatio.alarm)

        kit.exposures.shuffle(seed: 3)
        let asOf = analysis.horizon
        kit.time.advance(by: 5_000)
        let again = try await kit.analyst.analyze(
            .init(experiment: "card-challenger", asOf: asOf))
        #expect(again.contentHash == analysis.contentHash)
        #expect(again.encoded() == analysis.encoded())
    }

    @Test("late outcomes count from when they came, and change no earlier analysis")
    func late() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        _ = try await fill(kit)
        let before = try await kit.analyst.analyze(.init(experiment: "card-challenger"))
        kit.time.advance(by: AnalysisKit.day)
        let late = (0..<50).map {
            kit.outcome(
                "late-\($0)", of: "r-\(2 * $0 + 1)", "outcome.fraud_found", 1,
                observed: AnalysisKit.start + 1)
        }
        _ = try await kit.outcomes.record(late)
        kit.time.advance(by: 1)
        let after = try await kit.analyst.analyze(.init(experiment: "card-challenger"))
        #expect(after.comparisons[0].control.mean > before.comparisons[0].control.mean)
        let asBefore = try await kit.analyst.analyze(
            .init(experiment: "card-challenger", asOf: before.horizon))
        #expect(asBefore.encoded() == before.encoded())
    }

    @Test("before they mature units are censored, and nothing is concluded")
    func maturity() async throws {
        let kit = try AnalysisKit(.shipped(maturitySeconds: 86_400))
        defer { kit.close() }
        _ = try await fill(kit)
        let young = try await kit.analyst.analyze(.init(experiment: "card-challenger"))
        #expect(young.verdict == .tooFewUnits)
        #expect(young.comparisons[0].control.units == 0)
        #expect(young.comparisons[0].control.censored == young.arms[0].units)
        kit.time.advance(by: AnalysisKit.day)
        let mature = try await kit.analyst.analyze(.init(experiment: "card-challenger"))
        #expect(mature.comparisons[0].control.units == mature.arms[0].units)
        #expect(mature.verdict == .decided)
    }

    @Test("dropping 2 percent of one arm's exposures raises the sample ratio alarm")
    func droppedExposures() async throws {
        let kit = try AnalysisKit(.shipped())
        defer { kit.close() }
        var random = SplitMix64(seed: 5)
        var kept = 0
        for number in 0..<300_000 {
            let arm = random.next(below: 2) == 0 ? "control" : "challenger"
            if arm == "challenger" { kept += 1 }
            kit.exposures.add(
                .init(
                    experiment: "card-challenger", epoch: 1, unitHash: UInt64(number), arm: arm,
                    firstAt: kit.time.now))
        }
        kit.time.advance(by: 1)
        let whole = try await kit.analyst.analyze(.init(experiment: "card-challenger"))
        #expect(!whole.sampleRatio.alarm && whole.verdict != .sampleRatioMismatch)
        kit.exposures.removeAll { $0.arm == "challenger" && random.next(below: 50) == 0 }
        let lossy = try await kit.analyst.analyze(.init(experiment: "card-challenger"))
        #expect(lossy.sampleRatio.alarm && lossy.verdict == .sampleRatioMismatch)
        #expect(lossy.arms[1].units < UInt64(kept))
    }

    @Test("outcomes of a unit and a time find the unit by the published draw")
    func byUnit() async throws {
        let kit = try AnalysisKit(.shipped(minimumUnits: 2))
        defer { kit.close() }
        for number in 0..<100 { try kit.meet("c-\(number)") }
        kit.time.advance(by: 10)
        let outcomes = (0..<100).map { number in
            AssayModelsV1.Outcome(
                id: "o-\(number)",
                subject: .unit(
                    .init(
                        kind: "customer", id: "c-\(number)",
                        at: Timestamp(milliseconds: AnalysisKit.start + 5))),
                name: "outcome.fraud_found", value: number < 50 ? 1 : 0,
                observedAt: kit.time.now)
        }
        _ = try await kit.outcomes.record(outcomes)
        kit.time.advance(by: 1)
        let analysis = try await kit.analyst.analyze(.init(experiment: "card-challenger"))
        let comparison = analysis.comparisons[0]
        let events =
            comparison.control.mean * Double(comparison.control.units)
            + comparison.treatment.mean * Double(comparison.treatment.units)
        #expect(abs(events - 50) < 1e-9)
    }

    @Test("an unknown experiment and a time in the future are refused")
    func refused() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let unknown = await refusal { try await kit.analyst.analyze(.init(experiment: "other")) }
        #expect(unknown.code == .notFound)
        let future = Timestamp(milliseconds: kit.now + 1)
        let early = await refusal {
            try await kit.analyst.analyze(.init(experiment: "card-challenger", asOf: future))
        }
        #expect(early.code == .invalidArgument && early.message.contains("future"))
    }
}
