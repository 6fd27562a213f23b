public import AssayMessages
public import Storage
public import Wire

/// Decides a part of the log again, each decision under the rules and the policy of then, and
/// compares; the model says what it said then.
public struct ReplayRange {
    /// A decision that came out otherwise.
    public struct Difference: Sendable {
        public var sequence: UInt64
        public var decision: UniqueID
        public var fields: [AssayRiskV1.OutcomeDifference]
        /// Facts that were erased: such a decision need not come out the same.
        public var erased: [String]
    }

    /// What was found so far.
    public struct Report: Sendable {
        public var replayed: UInt64 = 0
        public var differing: UInt64 = 0
        /// Decisions that could not be made again, and why the first of them.
        public var unreplayable: UInt64 = 0
        public var firstProblem: LogProblem?
        /// The first ones.
        public var differences: [Difference] = []
    }

    public static let maximumDifferences = 20

    public private(set) var report = Report()
    private let store: any KeyValueStore
    private let archive: RuleArchive
    /// The last one used: neighbours in the log mostly have the same.
    private var run: (rules: [UInt8], policy: [UInt8], run: ReplayRun)?

    public init(store: any KeyValueStore, archive: RuleArchive) {
        self.store = store
        self.archive = archive
    }

    /// Decides one record again, and counts what came out.
    public mutating func replay(_ record: AssayRiskV1.DecisionRecord) throws {
        do {
            let evidence = try DecisionEvidence.read(record.sequence, from: store)
            try replay(record, evidence)
        } catch let error as StorageError where error.code != .corrupt {
            throw error
        } catch {
            report.unreplayable += 1
            if report.firstProblem == nil {
                report.firstProblem = LogProblem(sequence: record.sequence, reason: "\(error)")
            }
        }
    }

    private mutating func replay(
        _ record: AssayRiskV1.DecisionRecord, _ evidence: DecisionEvidence?
    ) throws {
        if run?.rules != record.ruleSet || run?.policy != record.policyDigest {
            let rules = try archive.ruleSet(record.ruleSet)
            let policy = try archive.policy(record.policyDigest)
            run = (record.ruleSet, record.policyDigest, ReplayRun(rules: rules, policy: policy))
        }
        guard let catalogue = run?.run.rules.catalogue else { return }
        let frame = try RecordedFrame(record, evidence: evidence, catalogue: catalogue)
        guard let result = try run?.run.decide(frame) else { return }
        report.replayed += 1
        guard !result.outcome.isSame(as: record.outcome) else { return }
        report.differing += 1
        guard report.differences.count < Self.maximumDifferences else { return }
        report.differences.append(
            Difference(
                sequence: record.sequence, decision: record.decisionID,
                fields: OutcomeComparison.differences(record.outcome, result.outcome),
                erased: frame.erased))
    }
}
