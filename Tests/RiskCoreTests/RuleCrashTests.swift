import AssayMessages
import RPC
import Testing

@testable import RiskCore

@Suite("Changes of the rules that break off")
struct RuleCrashTests {
    @Test(
        "whichever write is the last, the next process decides by the old rules or by the new",
        arguments: 0...8)
    func lastWrite(_ writes: Int) async throws {
        var desk = try await RuleDesk()
        let base = desk.administrator.current.ruleSet
        let file = try RuleDesk.velocity(3)
        desk.store.writesLeft.withLock { $0 = writes }
        var told: AssayRiskV1.RuleSet?
        do {
            let proposal = try await desk.propose([file])
            _ = try await desk.review(proposal)
            told = try await desk.apply(proposal)
        } catch {
            #expect((error as? RPCError)?.code == .unavailable)
        }
        #expect(told != nil || writes < 8)

        desk = try await RuleDesk(after: desk)
        let live = desk.administrator.current
        if told != nil { #expect(live == told) }
        let isNew = live.ruleSet != base
        #expect(desk.limit == (isNew ? 3 : 5))
        #expect(desk.administrator.live.current.rules.digest == live.ruleSet)
        #expect(try desk.changes().contains { $0.kind == "rules.applied" } == isNew)
        #expect(try LogVerification.verify(desk.store).firstProblem == nil)

        // Whoever was not answered asks again, and it happens once.
        let proposal = try await desk.propose([file])
        _ = try await desk.review(proposal)
        _ = try await desk.apply(proposal)
        #expect(desk.limit == 3)
        #expect(
            try desk.changes().map(\.kind) == [
                "rules.adopted", "rules.proposed", "rules.approved", "rules.applied",
            ])
    }
}
