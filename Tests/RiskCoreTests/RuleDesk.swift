import AssayMessages
import Foundation
import RPC
import Storage
import Synchronization
import Wire

@testable import RiskCore

/// Rule administration over a real store, with people who write, check and apply.
final class RuleDesk {
    static let author = Caller(tenant: "acme", client: "analyst")
    static let reviewer = Caller(tenant: "acme", client: "lead")

    let folder: TemporaryFolder
    let store: BreakableStore
    let log: DecisionLog
    let administrator: RuleAdministrator
    /// Seconds since 1970; a test moves them.
    let clock: Clock

    final class Clock: Sendable {
        let seconds = Mutex<Int64>(1_772_366_400)
        var now: Timestamp { Timestamp(seconds: seconds.withLock { $0 }) ?? .blank() }
    }

    init(
        _ rules: RuleFolder? = nil, start: RuleAdministrator.Start = .kept,
        approval: Bool = true, after old: RuleDesk? = nil
    ) async throws {
        folder = old?.folder ?? TemporaryFolder()
        if let old {
            await old.log.close()
            old.store.close()
        }
        store = BreakableStore(try folder.open())
        clock = old?.clock ?? Clock()
        log = try DecisionLog(store: store, newChain: "risk-test", interval: .zero)
        var options = RuleAdministrator.Options()
        options.requiresApproval = approval
        administrator = try await RuleAdministrator.open(
            folder: try rules ?? Self.shipped(), start: start, store: store,
            archive: RuleArchive(store: store), log: log,
            compiler: RuleCompiler(), options: options, now: { [clock] in clock.now })
    }

    /// Two of the shipped packs, which is enough and loads faster than all of them.
    static func shipped() throws -> RuleFolder {
        let packs = ["packs/network.yaml", "packs/velocity.yaml"]
        let all = try RuleFolder(directory: Repository.rules).texts
        return RuleFolder(
            texts: all.filter { !$0.key.hasPrefix("packs/") || packs.contains($0.key) })
    }

    /// The velocity pack with another hourly limit, and tests that agree with it.
    static func velocity(_ limit: Int, testsAgree: Bool = true) throws -> AssayRiskV1.RuleFile {
        let name = "packs/velocity.yaml"
        var text = try shipped().texts[name] ?? ""
        text.replace(
            "\n  hourly_limit: { type: int, unit: count, value: 5",
            with: "\n  hourly_limit: { type: int, unit: count, value: \(limit)")
        if testsAgree {
            text.replace(
                "{ given: { vel.acct_cnt_1h: 6 }, expect: hit }",
                with: "{ given: { vel.acct_cnt_1h: \(limit + 1) }, expect: hit }")
            text.replace(
                "{ given: { vel.acct_cnt_1h: 5 }, expect: no_hit }",
                with: "{ given: { vel.acct_cnt_1h: \(limit) }, expect: no_hit }")
        }
        return AssayRiskV1.RuleFile(name: name, text: text)
    }

    // MARK: What people do

    func propose(
        _ files: [AssayRiskV1.RuleFile], id: String = "p-1", by caller: Caller = author,
        expecting: [UInt8] = []
    ) async throws -> AssayRiskV1.Proposal {
        try await administrator.propose(
            AssayRiskV1.ProposeRequest(
                requestID: id, files: files, reason: "fewer false alarms", ticket: "RISK-7",
                expectedRuleSet: expecting), by: caller)
    }

    func review(
        _ proposal: AssayRiskV1.Proposal, approve: Bool = true, id: String = "r-1",
        by caller: Caller = reviewer
    ) async throws -> AssayRiskV1.Proposal {
        try await administrator.review(
            AssayRiskV1.ReviewRequest(
                requestID: id, proposalID: proposal.proposalID, approve: approve,
                comment: "looked at it"), by: caller)
    }

    func apply(
        _ proposal: AssayRiskV1.Proposal, id: String = "a-1", expecting: [UInt8] = [],
        breakGlass: Bool = false, by caller: Caller = author
    ) async throws -> AssayRiskV1.RuleSet {
        try await administrator.apply(
            AssayRiskV1.ApplyRequest(
                requestID: id, proposalID: proposal.proposalID, expectedRuleSet: expecting,
                reason: "agreed", ticket: "RISK-7", breakGlass: breakGlass), by: caller)
    }

    func allow(
        _ exception: AssayRiskV1.RuleException, id: String = "e-1"
    ) async throws -> AssayRiskV1.Proposal {
        try await administrator.propose(
            AssayRiskV1.ExceptionRequest(
                requestID: id, exception: exception, reason: "known customer"), by: Self.author)
    }

    // MARK: What is seen

    var limit: Int? {
        let text = administrator.folder.texts["packs/velocity.yaml"] ?? ""
        return text.firstMatch(of: /\n  hourly_limit: \{ type: int, unit: count, value: (\d+)/)
            .flatMap { Int($0.1) }
    }

    /// Kinds of the changes that were sealed, in their order.
    func changes() throws -> [AssayRiskV1.ChangeRecord] {
        try store.rows(DecisionLog.records, limit: 10_000).compactMap {
            try? SealedRecord.open($0.value)
        }
    }

    func time(_ seconds: Int64) -> Timestamp {
        Timestamp(seconds: clock.seconds.withLock { $0 } + seconds) ?? .blank()
    }

    /// The refusal that a call comes to.
    static func refusal(_ call: () async throws -> some Any) async -> RPCError? {
        do {
            _ = try await call()
            return nil
        } catch {
            return error as? RPCError
        }
    }
}
