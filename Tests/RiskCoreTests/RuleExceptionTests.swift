import AssayMessages
import RPC
import Testing

@testable import RiskCore

@Suite("Exceptions for one subject, and entries of lists")
struct RuleExceptionTests {
    @Test("an override ends within 90 days, and a snooze silences no rule that declines")
    func bounds() async throws {
        let desk = try await RuleDesk()
        let long = await RuleDesk.refusal {
            try await desk.allow(
                .override(.init(subject: "cust-1", until: desk.time(91 * 86_400))))
        }
        #expect(long?.message.contains("90 days") == true)
        let past = await RuleDesk.refusal {
            try await desk.allow(.override(.init(subject: "cust-1", until: desk.time(0))))
        }
        #expect(past?.code == .invalidArgument)
        let unknown = await RuleDesk.refusal {
            try await desk.allow(
                .snooze(.init(rule: "VEL-999", subject: "c", until: desk.time(60))))
        }
        #expect(unknown?.code == .notFound && unknown?.message.contains("VEL-") == true)
        let rules = desk.administrator.live.current.rules.rules
        let declining = try #require(rules.first { $0.outcome == .decline })
        let refused = await RuleDesk.refusal {
            try await desk.allow(
                .snooze(.init(rule: declining.id, subject: "c", until: desk.time(60))))
        }
        #expect(refused?.reason == "RULE_DECLINES")
    }

    @Test("an approved exception is in force, and still is after a restart")
    func force() async throws {
        var desk = try await RuleDesk()
        let proposal = try await desk.allow(
            .override(.init(subject: "cust-1", until: desk.time(3_600))))
        _ = try await desk.review(proposal)
        let before = desk.administrator.current
        let live = try await desk.apply(proposal)
        #expect(live.ruleSet == before.ruleSet)
        #expect(live.generation == before.generation + 1)
        desk = try await RuleDesk(after: desk)
        let kept = desk.administrator.state.withLock { $0.exceptions }
        #expect(kept.map(\.id) == [proposal.proposalID])
        #expect(kept.first?.until == desk.time(3_600).seconds)
    }

    @Test("an entry is added to a list and taken away again, through the same two people")
    func entries() async throws {
        let desk = try await RuleDesk()
        let add = try await desk.allow(
            .listEntry(.init(list: "ip_deny", entry: "203.0.113.77", source: "soc")))
        #expect(add.validation?.changes.first?.kind == "list")
        #expect(add.validation?.changes.first?.after.contains("203.0.113.77") == true)
        _ = try await desk.review(add)
        let live = try await desk.apply(add)
        #expect(live.ruleSet == add.candidate)
        let text = desk.administrator.folder.texts["lists/ip_deny.txt"] ?? ""
        #expect(text.contains("\n203.0.113.77;soc;2026-03-01"))
        let twice = await RuleDesk.refusal {
            try await desk.allow(
                .listEntry(.init(list: "ip_deny", entry: "203.0.113.77")), id: "e-2")
        }
        #expect(twice?.code == .invalidArgument)
        let hostile = await RuleDesk.refusal {
            try await desk.allow(
                .listEntry(.init(list: "ip_deny", entry: "x\ny")), id: "e-3")
        }
        #expect(hostile?.code == .invalidArgument)
        let remove = try await desk.allow(
            .listEntry(.init(list: "ip_deny", entry: "203.0.113.77", remove: true)), id: "e-4")
        _ = try await desk.review(remove, id: "r-4")
        _ = try await desk.apply(remove, id: "a-4")
        #expect(
            desk.administrator.folder.texts["lists/ip_deny.txt"]?.contains("203.0.113.77")
                == false)
    }
}
