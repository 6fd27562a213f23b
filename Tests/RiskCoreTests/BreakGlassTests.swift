import AssayMessages
import RPC
import Testing

@testable import RiskCore

@Suite("Changes that one person makes alone")
struct BreakGlassTests {
    private func broken() async throws -> (RuleDesk, AssayRiskV1.Proposal) {
        let desk = try await RuleDesk()
        let proposal = try await desk.propose([try RuleDesk.velocity(3)])
        let live = try await desk.apply(proposal, breakGlass: true)
        #expect(live.revertsAt == desk.time(86_400))
        #expect(desk.limit == 3)
        #expect(try desk.changes().last?.breakGlass == true)
        return (desk, proposal)
    }

    @Test("they go back after 24 hours, also if the process restarted meanwhile")
    func revert() async throws {
        var (desk, _) = try await broken()
        desk.clock.seconds.withLock { $0 += 86_399 }
        try await desk.administrator.revertIfDue()
        #expect(desk.limit == 3)
        desk = try await RuleDesk(after: desk)
        #expect(desk.limit == 3)
        desk.clock.seconds.withLock { $0 += 1 }
        try await desk.administrator.revertIfDue()
        #expect(desk.limit == 5)
        #expect(desk.administrator.current.revertsAt == nil)
        #expect(try desk.changes().last?.kind == "rules.reverted")
        #expect(try desk.changes().last?.actor == "assay-risk")
    }

    @Test("they stay once somebody else approves")
    func approved() async throws {
        var (desk, proposal) = try await broken()
        let own = await RuleDesk.refusal {
            try await desk.review(proposal, by: RuleDesk.author)
        }
        #expect(own?.reason == "MAKER_IS_CHECKER")
        _ = try await desk.review(proposal)
        #expect(desk.administrator.current.revertsAt == nil)
        desk = try await RuleDesk(after: desk)
        desk.clock.seconds.withLock { $0 += 100_000 }
        try await desk.administrator.revertIfDue()
        #expect(desk.limit == 3)
    }

    @Test("they go back at once when somebody else rejects")
    func rejected() async throws {
        let (desk, proposal) = try await broken()
        let judged = try await desk.review(proposal, approve: false)
        #expect(judged.status == .rejected)
        #expect(desk.limit == 5)
        #expect(
            try desk.changes().suffix(2).map(\.kind) == ["rules.rejected", "rules.reverted"])
    }

    @Test("a second one goes back with the first, and an approved change waits for them")
    func two() async throws {
        let (desk, _) = try await broken()
        let second = try await desk.propose([try RuleDesk.velocity(2)], id: "p-2")
        desk.clock.seconds.withLock { $0 += 1_000 }
        let live = try await desk.apply(second, id: "a-2", breakGlass: true)
        #expect(live.revertsAt == desk.time(85_400))
        let third = try await desk.propose([try RuleDesk.velocity(7)], id: "p-3")
        _ = try await desk.review(third, id: "r-3")
        let waits = await RuleDesk.refusal { try await desk.apply(third, id: "a-3") }
        #expect(waits?.reason == "BREAK_GLASS_OPEN")
        _ = try await desk.review(second, id: "r-2")
        desk.clock.seconds.withLock { $0 += 90_000 }
        try await desk.administrator.revertIfDue()
        #expect(desk.limit == 5)
    }
}
