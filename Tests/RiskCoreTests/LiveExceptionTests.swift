import AssayMessages
import Testing
import Wire

@testable import RiskCore

@Suite("Approved exceptions decide") struct LiveExceptionTests {
    @Test("an override and a snooze that were applied concern their subject until they end")
    func applied() async throws {
        let desk = try await RuleDesk()
        let override = AssayRiskV1.OverrideException(subject: "cust-1", until: desk.time(600))
        let first = try await desk.allow(.override(override), id: "e-1")
        func applying(_ tenant: String, _ seconds: Int64) -> AppliedExceptions {
            desk.administrator.live.current.exceptions.applying(
                to: ["cust-1"], of: tenant, at: desk.time(seconds).seconds)
        }
        #expect(applying("acme", 0) == AppliedExceptions())
        _ = try await desk.apply(try await desk.review(first, id: "r-1"), id: "a-1")
        #expect(applying("acme", 0).overrideID == first.proposalID)
        #expect(applying("acme", 600).overrideID.isEmpty)
        #expect(applying("bank", 0).overrideID.isEmpty)

        let snooze = AssayRiskV1.SnoozeException(
            rule: "VEL-001", subject: "cust-1", until: desk.time(600))
        let second = try await desk.allow(.snooze(snooze), id: "e-2")
        _ = try await desk.apply(try await desk.review(second, id: "r-2"), id: "a-2")
        #expect(applying("acme", 0).snoozedRules == ["VEL-001"])
        // They are in force after a restart, too.
        let next = try await RuleDesk(after: desk)
        let applied = next.administrator.live.current.exceptions.applying(
            to: ["cust-1"], of: "acme", at: next.time(0).seconds)
        #expect(applied.overrideID == first.proposalID && applied.snoozedRules == ["VEL-001"])
    }

    @Test("all policies of the folder are live, and the zone table stays with the rules")
    func policies() async throws {
        let desk = try await RuleDesk()
        let live = desk.administrator.live.current
        #expect(live.policies.names == ["default", "seed-compat"])
        #expect(live.deciding(by: "seed-compat", for: "acme")?.policy.name == "seed-compat")
        #expect(live.deciding(by: "", for: "acme") === live)
        #expect(live.rules.zoneDigest.count == 32)
    }
}
