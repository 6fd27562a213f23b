public import AssayMessages
internal import Foundation
internal import RPC
internal import Storage
internal import Synchronization
internal import Wire

/// Changes the rules that decide: with two people to each change, in atomic steps that are sealed
/// into the log of decisions, without a restart.
///
/// Changes run one after the other, off the event loops. A step is one batch: its rows, and its
/// record in the chain. Only when that is on the disk does the change decide.
public final class RuleAdministrator: Sendable {
    /// Open proposals; more are refused.
    static let maximumOpen = 1_000
    static let maximumExceptions = 100_000
    static let breakGlassSeconds: Int64 = 86_400
    static let overrideSeconds: Int64 = 90 * 86_400

    public struct Options: Sendable {
        /// Whether somebody else has to approve what is applied; without it only in development.
        public var requiresApproval = true
        /// Goes into records: what decided.
        public var build = "dev"
        /// Called after each step that was sealed, for the service's log; never waits.
        public var observe: @Sendable (AssayRiskV1.ChangeRecord) -> Void = { _ in }

        public init() {}
    }

    struct State {
        var row: LiveRow
        var compiled: CompiledRules
        var exceptions: [ExceptionRow] = []
        /// Proposals that may still become live.
        var open: Set<UInt64> = []
        var next: UInt64 = 1
        /// What is wrong with files that were to become live and did not.
        var refused: [Problem] = []
        var reloads: UInt64 = 0
        var refusals: UInt64 = 0
    }

    /// What decides; calls take it from there.
    public let live: LiveRules
    let rows: RuleStore
    /// Keeps every set and policy that was live, for decisions that are made again.
    let archive: RuleArchive
    let log: DecisionLog
    let compiler: RuleCompiler
    let options: Options
    let now: @Sendable () -> Timestamp
    let lane = ChangeLane()
    let state: Mutex<State>

    init(
        live: LiveRules, rows: RuleStore, archive: RuleArchive, log: DecisionLog,
        compiler: RuleCompiler,
        options: Options, state: State, now: @escaping @Sendable () -> Timestamp
    ) {
        self.live = live
        self.rows = rows
        self.archive = archive
        self.log = log
        self.compiler = compiler
        self.options = options
        self.now = now
        self.state = Mutex(state)
    }

    // MARK: Steps

    /// Runs a change in turn. Failures of the store become UNAVAILABLE.
    func change<Answer: Sendable>(
        _ body: @escaping @Sendable () async throws -> Answer
    ) async throws -> Answer {
        do {
            return try await lane.run(body)
        } catch {
            throw RuleRefusal.unavailable(error)
        }
    }

    /// Seals a step and makes it durable together with its rows.
    func commit(
        _ record: AssayRiskV1.ChangeRecord, proposal: ProposalRow? = nil,
        rows: (inout WriteBatch) -> Void
    ) async throws {
        var record = record
        record.build = options.build
        if let proposal {
            record.proposalID = proposal.proposal.proposalID
            record.proposal = Digest.sha256(proposal.proposal.encoded())
        }
        let appended = try log.append(change: record) { _, batch in
            if let proposal { self.rows.put(proposal, into: &batch) }
            rows(&batch)
        }
        try await appended.wait()
        options.observe(record)
    }

    /// What decides from now on.
    func publish() {
        live.publish(state.withLock { Self.snapshot($0, options) })
    }

    static func snapshot(_ state: State, _ options: Options) -> RuleSnapshot {
        RuleSnapshot(
            rules: state.compiled.rules, policies: state.compiled.policies,
            exceptions: ExceptionTable(state.exceptions.compactMap(\.decisionException)),
            generation: state.row.set.generation, build: options.build)
    }

    /// The proposal of a tenant.
    func proposal(_ id: String, of tenant: String) throws -> ProposalRow {
        guard let number = ProposalRow.number(of: id), let row = try rows.proposal(number),
            row.tenant == tenant
        else {
            throw RPCError(
                .notFound, "no proposal '\(id.limited(to: 64))'; ListProposals shows them",
                reason: "PROPOSAL_UNKNOWN")
        }
        return row
    }

    // MARK: What is live

    /// The live set without the texts of its files.
    public var current: AssayRiskV1.RuleSet {
        var set = state.withLock { $0.row.set }
        set.files = []
        return set
    }

    /// The files that decide.
    public var folder: RuleFolder { state.withLock { $0.compiled.folder } }

    /// What became of files that were to be live, for metrics.
    public var health: Health {
        state.withLock {
            Health(
                rules: $0.compiled.rules.rules.count { $0.state == .live },
                generation: $0.row.set.generation, reloads: $0.reloads, refusals: $0.refusals,
                openProposals: $0.open.count,
                unapproved: $0.row.unapproved.count, problems: $0.refused.map(\.description))
        }
    }

    public struct Health: Sendable {
        public var rules: Int
        public var generation: UInt64
        public var reloads: UInt64
        public var refusals: UInt64
        public var openProposals: Int
        /// Changes that one person brought live alone, and that nobody approved yet.
        public var unapproved: Int
        /// Why the files that came last are not live; empty if they are.
        public var problems: [String]
    }
}
