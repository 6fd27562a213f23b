import AssayMessages
import Storage
import Testing
import Wire

@testable import RiskCore

@Suite struct ChangeRecordTests {
    private func change(_ kind: String) -> AssayRiskV1.ChangeRecord {
        AssayRiskV1.ChangeRecord(
            chain: "", sequence: 0, kind: kind, tenant: "acme",
            at: Timestamp(seconds: 1_772_366_400) ?? .blank(), actor: "a.okafor",
            proposalID: "p-1", reason: "fewer false positives",
            base: [UInt8](repeating: 1, count: 32), candidate: [UInt8](repeating: 2, count: 32))
    }

    /// A log in which changes of the rules stand between decisions.
    private func filled() async throws -> RiskHarness {
        let harness = try RiskHarness()
        for number in 1...3 {
            _ = try await harness.assess(RiskHarness.payment("r-\(number)"))
            let appended = try harness.log.append(change: change("rules.proposed")) { _, _ in }
            try await appended.wait()
        }
        return harness
    }

    @Test("decisions and changes of the rules share one chain without gaps")
    func oneChain() async throws {
        let harness = try await filled()
        #expect(harness.log.lastSequence == 6 && harness.log.durableSequence == 6)
        for decodes in [false, true] {
            let report = try LogVerification.verify(harness.store, decodes: decodes)
            #expect(report.firstProblem == nil && report.records == 6)
        }
        await harness.log.close()
        let again = try DecisionLog(store: harness.store, newChain: "x", interval: .zero)
        #expect(again.lastSequence == 6)
        await again.close()
    }

    @Test("rows that are written with a change are there with its record, or not at all")
    func rows() async throws {
        let harness = try RiskHarness()
        struct Refused: Error {}
        #expect(throws: Refused.self) {
            _ = try harness.log.append(change: change("rules.applied")) { _, _ in throw Refused() }
        }
        #expect(harness.log.lastSequence == 0)
        let appended = try harness.log.append(change: change("rules.applied")) { position, batch in
            batch.put([1], Array("\(position.sequence)".utf8), in: DecisionLog.meta)
        }
        try await appended.wait()
        #expect(try harness.store.get([1], in: DecisionLog.meta) == Array("1".utf8))
    }

    @Test("the feed of experiments passes over changes of the rules")
    func feed() async throws {
        let harness = try await filled()
        let feed = try harness.nextFeed()
        while await feed.tellSome() == .told {}
        #expect(feed.health.refused == 0)
    }

    @Test("a record of another type is found with its place")
    func stranger() async throws {
        let harness = try await filled()
        let other = try SealedRecord.seal(AssayFeaturesV1.ErasureProof.blank())
        var batch = WriteBatch()
        batch.put(DecisionLog.key(4), other.bytes, in: DecisionLog.records)
        try harness.store.write(batch, sync: false)
        let problem = try LogVerification.verify(harness.store).firstProblem
        #expect(problem?.sequence == 4)
        #expect(problem?.reason.contains("which no log holds") == true)
    }
}
