import AssayMessages
import Foundation
import RPC
import SchemaCompiler
import Testing
import Wire

@testable import RiskCore

@Suite("Assignments of experiments in decision records")
struct AssignmentRecordTests {
    /// A record that was sealed before records had assignments.
    private static let earlier = """
        QVNZMQAcYXNzYXkucmlzay52MS5EZWNpc2lvblJlY29yZBjDLxUSvWAxoD3ny/BWA+AO2Ga0uP7ArGc8DsiD2NC+AAAB\
        HwokMDE5MGIyZjAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxEAEaIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAIhABAgMEBQYHCAkKCwwNDg8QKAEyBGRlbW86A3ItMUIDdC0xSgYIgPfE1QZSIAcHBwcHBwcHBwcHBwcHBwcH\
        BwcHBwcHBwcHBwcHBwcHggFiCg1wYXltZW50LWZyYXVkEAMaIAkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ\
        IQAAAAAAAPi/KbAbWjW4Wcc/MhsKCGFtb3VudF96EgZBTU9VTlQZAAAAAAAA0D+iAQhzdGFuZGFyZLIBCggBEAEYGCIA\
        KgC6AQdlYXJsaWVyNStIthwjOmGYEEyqBNO6RsiF78mgYW4y0yWP3oDcxsg=
        """

    @Test("a record of before is opened, and proven by the schema that lay beside it")
    func earlierRecord() throws {
        let bytes = [UInt8](try #require(Data(base64Encoded: Self.earlier)))
        let record: AssayRiskV1.DecisionRecord = try SealedRecord.open(bytes)
        #expect(record.model?.version == 3 && record.model?.assignments == [])
        #expect(record.build == "earlier" && record.model?.attributions.count == 1)
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/decision-record-before-assignments.schema")
        let schema = Array(try Data(contentsOf: path))
        var verifier = RecordVerifier { name, fingerprint in
            .archived(schema, path: path.path, name: name, fingerprint: fingerprint)
        }
        var proven = 0
        verifier.verify(bytes) { result in
            guard case .proven = result.verdict else {
                Issue.record("\(result.verdict)")
                return
            }
            proven += 1
        }
        #expect(proven == 1)
    }

    @Test("the model service is told whom a payment concerns, what it is, and when it was decided")
    func facts() async throws {
        var script = FakeServices.Script()
        script.probability = 0.2
        let harness = try RiskHarness(script)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        let request = try #require(harness.fakes.predictions.withLock { $0 }.first)
        #expect(request.subjects["request"] == "r-1")
        #expect(request.subjects["customer"] == "cust-1")
        #expect(request.subjects["account"] == "acct-1")
        #expect(request.subjects["card"] == "tok-1")
        #expect(request.attributes["kind"] == .text("transaction"))
        #expect(request.attributes["amount.currency"] == .text("EUR"))
        #expect(request.attributes["amount.value"] == .number(25))
        #expect(request.observedAt == decision.decidedAt)
        #expect(request.violations().isEmpty)
    }

    @Test("assignments are sealed with the decision and shown with it; the unit's name is not")
    func sealed() async throws {
        var script = FakeServices.Script()
        script.probability = 0.2
        script.assignments = [
            .init(
                experiment: "trial", revision: 2, epoch: 1, arm: "challenger", reason: .assigned,
                propensity: 0.5, allocationBucket: 257_294, armBucket: 941_461,
                unitKind: "customer", unitHash: 0xF103_9928_4F3A_CE18, version: 3,
                layerBucket: 671_703),
            .init(experiment: "other", revision: 1, epoch: 1, reason: .outsideSlot),
        ]
        let harness = try RiskHarness(script)
        let decision = try await harness.assess(RiskHarness.payment()).decision
        #expect(decision.assignments.map(\.reason) == ["assigned", "outside_slot"])
        let found = try await harness.service.getDecision(
            .init(decisionID: decision.decisionID), context: RiskHarness.context())
        #expect(found.assignments == decision.assignments)
        await harness.log.close()
        var sealed: [UInt8] = []
        try LogExport.records(of: harness.store) { sealed += $0 }
        let record: AssayRiskV1.DecisionRecord = try SealedRecord.open(sealed)
        #expect(record.model?.assignments == decision.assignments)
        #expect(record.model?.assignments.first?.unitHash == 0xF103_9928_4F3A_CE18)
        #expect(!String(decoding: sealed, as: UTF8.self).contains("cust-1"))
        let json = String(decoding: decision.json(), as: UTF8.self)
        #expect(json.contains("\"assignments\":[{\"experiment\":\"trial\""))
    }
}
