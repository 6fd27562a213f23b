import AssayMessages
import RPC
import Testing
import Wire

@testable import RiskCore

@Suite struct IdempotenceTests {
    @Test("the same request again has the same decision and no second record")
    func replay() async throws {
        let harness = try RiskHarness()
        let first = try await harness.assess(RiskHarness.payment())
        let second = try await harness.assess(RiskHarness.payment())
        #expect(second.replayed && second.decision.encoded() == first.decision.encoded())
        #expect(harness.log.lastSequence == 1)
        #expect(harness.fakes.events.withLock(\.count) == 1)
    }

    @Test("other content under the same id is refused, and the differing fields are named")
    func conflict() async throws {
        let harness = try RiskHarness()
        _ = try await harness.assess(RiskHarness.payment())
        var other = RiskHarness.payment()
        other.transaction.amount = Money("26.00", "EUR")
        other.device = AssayRiskV1.Device(os: "linux")
        let error = await #expect(throws: RPCError.self) { try await harness.assess(other) }
        #expect(error?.code == .alreadyExists)
        #expect(
            error?.message
                == "request_id 'r-1' belongs to another request; they differ in /device, "
                + "/transaction/amount/amount")
    }

    @Test("request ids belong to a tenant, and so do decisions")
    func tenants() async throws {
        let harness = try RiskHarness()
        let ours = try await harness.assess(RiskHarness.payment(), tenant: "acme")
        let theirs = try await harness.assess(RiskHarness.payment(), tenant: "globex")
        #expect(!theirs.replayed && theirs.decision.decisionID != ours.decision.decisionID)
        let error = await #expect(throws: RPCError.self) {
            try await harness.service.getDecision(
                AssayRiskV1.GetDecisionRequest(decisionID: ours.decision.decisionID),
                context: RiskHarness.context("globex"))
        }
        #expect(error?.code == .notFound)
    }

    @Test("an id is free again after a day")
    func expiry() async throws {
        let harness = try RiskHarness()
        _ = try await harness.assess(RiskHarness.payment())
        harness.clock.seconds.withLock { $0 += 86_399 }
        #expect(try await harness.assess(RiskHarness.payment()).replayed)
        harness.clock.seconds.withLock { $0 += 1 }
        #expect(try await !harness.assess(RiskHarness.payment()).replayed)
    }

    @Test("many calls with one id at once decide once")
    func concurrent() async throws {
        let harness = try RiskHarness()
        let decisions = try await withThrowingTaskGroup(of: UniqueID.self) { group in
            for _ in 0..<32 {
                group.addTask {
                    try await harness.assess(RiskHarness.payment()).decision.decisionID
                }
            }
            return try await group.reduce(into: Set<UniqueID>()) { $0.insert($1) }
        }
        #expect(decisions.count == 1 && harness.log.lastSequence == 1)
    }

    @Test("a stored decision survives a restart, and so does its request id")
    func restart() async throws {
        let harness = try RiskHarness()
        let first = try await harness.assess(RiskHarness.payment())
        await harness.log.close()
        harness.store.close()
        let store = try harness.folder.open()
        let log = try DecisionLog(store: store, newChain: "another", interval: .zero)
        #expect(log.chain == "risk-test" && log.lastSequence == 1)
        let service = try RiskHarness.service(harness.fakes, store, log, harness.clock, nil)
        let again = try await service.assessTransaction(
            RiskHarness.payment(), context: RiskHarness.context())
        #expect(again.replayed && again.decision == first.decision)
        let next = try await service.assessTransaction(
            RiskHarness.payment("r-2"), context: RiskHarness.context())
        #expect(next.decision.log.sequence == 2)
        #expect(try LogVerification.verify(store).firstProblem == nil)
    }
}
