import AssayMessages
import RPC
import Storage
import Testing
import Wire

@testable import RiskCore

@Suite("Changes of the rules")
struct RuleChangeTests {
    @Test("what one person proposes and another approves becomes live, and is sealed step by step")
    func story() async throws {
        let desk = try await RuleDesk()
        let before = desk.administrator.current
        let proposal = try await desk.propose([try RuleDesk.velocity(3)])
        #expect(proposal.status == .proposed)
        #expect(proposal.author == "analyst")
        #expect(proposal.base == before.ruleSet)
        #expect(proposal.files == ["packs/velocity.yaml"])
        let report = try #require(proposal.validation)
        #expect(report.changes.map(\.id) == ["hourly_limit"])
        #expect(report.changes.first?.before.contains("5") == true)
        #expect(report.changes.first?.after.contains("3") == true)
        #expect(report.tests > 100 && report.cost > 0)
        #expect(desk.limit == 5)

        #expect(try await desk.review(proposal).status == .approved)
        let live = try await desk.apply(proposal, expecting: before.ruleSet)
        #expect(live.ruleSet == proposal.candidate)
        #expect(live.generation == before.generation + 1)
        #expect(live.appliedBy == "analyst" && live.proposalID == proposal.proposalID)
        #expect(desk.limit == 3)
        #expect(desk.administrator.live.current.rules.digest == live.ruleSet)

        let changes = try desk.changes()
        #expect(
            changes.map(\.kind) == [
                "rules.adopted", "rules.proposed", "rules.approved", "rules.applied",
            ])
        #expect(changes.map(\.actor) == ["assay-risk", "analyst", "lead", "analyst"])
        #expect(changes.last?.base == before.ruleSet && changes.last?.candidate == live.ruleSet)
        #expect(changes.last?.ticket == "RISK-7")
        #expect(try LogVerification.verify(desk.store).firstProblem == nil)
    }

    @Test("the author's own review is refused, whoever it claims to be, and sealed")
    func makerIsNotChecker() async throws {
        let desk = try await RuleDesk()
        let proposal = try await desk.propose([try RuleDesk.velocity(3)])
        let refusal = await RuleDesk.refusal {
            try await desk.administrator.review(
                AssayRiskV1.ReviewRequest(
                    requestID: "r-1", proposalID: proposal.proposalID, approve: true,
                    actor: "somebody-else"), by: RuleDesk.author)
        }
        #expect(refusal?.code == .permissionDenied && refusal?.reason == "MAKER_IS_CHECKER")
        let sealed = try #require(try desk.changes().last)
        #expect(sealed.kind == "rules.review_refused")
        #expect(sealed.actor == "analyst for somebody-else")
        #expect(sealed.proposalID == proposal.proposalID)
        let unapproved = await RuleDesk.refusal { try await desk.apply(proposal) }
        #expect(unapproved?.code == .failedPrecondition)
        #expect(unapproved?.reason == "APPROVAL_MISSING")
        #expect(desk.limit == 5)
    }

    @Test("files with problems are refused with their places, and change nothing")
    func problems() async throws {
        let desk = try await RuleDesk()
        let stale = try RuleDesk.velocity(3, testsAgree: false)
        let refusal = await RuleDesk.refusal { try await desk.propose([stale]) }
        #expect(refusal?.code == .invalidArgument && refusal?.reason == "RULES_INVALID")
        #expect(refusal?.message.contains("packs/velocity.yaml:") == true)
        let report = await desk.administrator.validate([stale])
        #expect(report.problems.first?.file == "packs/velocity.yaml")
        #expect(report.ruleSet.isEmpty)
        let names = await RuleDesk.refusal {
            try await desk.propose([AssayRiskV1.RuleFile(name: "../etc/passwd", text: "x")])
        }
        #expect(names?.message.contains("no file of a rule set") == true)
        let same = await RuleDesk.refusal { try await desk.propose([try RuleDesk.velocity(5)]) }
        #expect(same?.message.contains("live already") == true)
        #expect(try desk.changes().count == 1)
    }

    @Test("a proposal is void once the rules that it was made from are no longer live")
    func void() async throws {
        let desk = try await RuleDesk()
        let first = try await desk.propose([try RuleDesk.velocity(3)], id: "p-1")
        let second = try await desk.propose([try RuleDesk.velocity(4)], id: "p-2")
        let base = desk.administrator.current.ruleSet
        _ = try await desk.review(second, id: "r-2")
        _ = try await desk.review(first, id: "r-1")
        let live = try await desk.apply(first)

        let moved = await RuleDesk.refusal {
            try await desk.propose([try RuleDesk.velocity(9)], id: "p-3", expecting: base)
        }
        #expect(moved?.code == .aborted)
        #expect(moved?.message.contains(Hexadecimal.text(live.ruleSet)) == true)
        let refused = await RuleDesk.refusal { try await desk.apply(second, id: "a-2") }
        #expect(refused?.code == .failedPrecondition && refused?.reason == "PROPOSAL_VOID")
        let page = try desk.administrator.proposals(
            AssayRiskV1.ListProposalsRequest(), of: "acme")
        #expect(page.proposals.map(\.status) == [.void, .applied])
        #expect(desk.limit == 3)
    }

    @Test("another live set than the caller expects aborts, with the digest that is live")
    func compareAndSet() async throws {
        let desk = try await RuleDesk()
        let proposal = try await desk.propose([try RuleDesk.velocity(3)])
        _ = try await desk.review(proposal)
        let refusal = await RuleDesk.refusal {
            try await desk.apply(proposal, expecting: [UInt8](repeating: 1, count: 32))
        }
        #expect(refusal?.code == .aborted)
        let digest = Hexadecimal.text(desk.administrator.current.ruleSet)
        #expect(refusal?.message.contains(digest) == true)
        #expect(desk.limit == 5)
    }

    @Test("the same request id has the same answer for a day, also after a restart")
    func once() async throws {
        var desk = try await RuleDesk()
        let proposal = try await desk.propose([try RuleDesk.velocity(3)])
        #expect(try await desk.propose([try RuleDesk.velocity(3)]) == proposal)
        let other = await RuleDesk.refusal { try await desk.propose([try RuleDesk.velocity(4)]) }
        #expect(other?.code == .alreadyExists)
        _ = try await desk.review(proposal)
        let live = try await desk.apply(proposal)
        #expect(try await desk.apply(proposal) == live)
        desk = try await RuleDesk(after: desk)
        #expect(try await desk.apply(proposal) == live)
        desk.clock.seconds.withLock { $0 += 86_401 }
        let late = await RuleDesk.refusal { try await desk.apply(proposal) }
        #expect(late?.reason == "PROPOSAL_CLOSED")
    }

    @Test("after a restart what was applied is live, and the folder that differs is named")
    func restart() async throws {
        var desk = try await RuleDesk()
        let proposal = try await desk.propose([try RuleDesk.velocity(3)])
        _ = try await desk.review(proposal)
        let live = try await desk.apply(proposal)
        desk = try await RuleDesk(after: desk)
        #expect(desk.limit == 3)
        #expect(desk.administrator.current == live)
        #expect(
            desk.administrator.comparison(with: try RuleDesk.shipped())
                == .differs(["packs/velocity.yaml"]))
        // Only somebody who says so at the start takes the folder instead.
        desk = try await RuleDesk(start: .folder(reason: "back to the release"), after: desk)
        #expect(desk.limit == 5)
        #expect(try desk.changes().last?.kind == "rules.adopted")
        #expect(try desk.changes().last?.reason == "back to the release")
        desk = try await RuleDesk(after: desk)
        #expect(desk.limit == 5)
        #expect(desk.administrator.comparison(with: try RuleDesk.shipped()) == .same)
    }

    @Test("nothing is changed if the log cannot be written")
    func brokenDisk() async throws {
        let desk = try await RuleDesk()
        let proposal = try await desk.propose([try RuleDesk.velocity(3)])
        _ = try await desk.review(proposal)
        desk.store.isBroken.withLock { $0 = true }
        let refusal = await RuleDesk.refusal { try await desk.apply(proposal) }
        #expect(refusal?.code == .unavailable)
        #expect(desk.limit == 5)
        #expect(desk.administrator.live.current.generation == 1)
        desk.store.isBroken.withLock { $0 = false }
        let again = try await RuleDesk(after: desk)
        #expect(again.limit == 5)
        _ = try await again.apply(proposal)
        #expect(again.limit == 3)
    }

    @Test("another tenant's proposal is not there")
    func tenants() async throws {
        let desk = try await RuleDesk()
        let proposal = try await desk.propose([try RuleDesk.velocity(3)])
        let other = Caller(tenant: "other", client: "lead")
        let refusal = await RuleDesk.refusal { try await desk.review(proposal, by: other) }
        #expect(refusal?.code == .notFound)
        let page = try desk.administrator.proposals(
            AssayRiskV1.ListProposalsRequest(), of: "other")
        #expect(page.proposals.isEmpty)
        let nobody = await RuleDesk.refusal { try await desk.review(proposal, by: .anonymous) }
        #expect(nobody?.code == .unauthenticated)
    }

    @Test("in development a proposal may be applied unapproved")
    func development() async throws {
        let desk = try await RuleDesk(approval: false)
        _ = try await desk.apply(try await desk.propose([try RuleDesk.velocity(3)]))
        #expect(desk.limit == 3)
    }
}
