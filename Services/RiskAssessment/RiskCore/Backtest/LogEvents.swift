internal import AssayMessages
internal import Storage
internal import Synchronization
internal import Wire

/// The recorded decisions of a tenant, read from the log page by page.
final class LogEvents: BacktestSource {
    static let recordsPerPage: UInt64 = 256
    /// How far a clock may have been set back: records that old are still looked at.
    private static let clockTolerance: Int64 = 3_600

    struct Stored: Sendable {
        var sequence: UInt64
        var bytes: [UInt8]
    }

    private let store: any KeyValueStore
    private let archive: RuleArchive
    private let choice: BacktestChoice
    private let plan: BacktestPlan
    /// Sequences to be looked at.
    private let range: ClosedRange<UInt64>?
    private let nextSequence: Mutex<UInt64>
    /// Facts of the candidate that the catalogue of a rule set did not have, by its digest.
    private let unknownFacts = Mutex<[[UInt8]: Set<String>]>([:])

    init(
        store: any KeyValueStore, archive: RuleArchive, choice: BacktestChoice, plan: BacktestPlan
    ) throws {
        self.store = store
        self.archive = archive
        self.choice = choice
        self.plan = plan
        range = try Self.range(store, choice)
        nextSequence = Mutex(range?.lowerBound ?? 0)
    }

    var total: UInt64 { range.map { $0.upperBound - $0.lowerBound + 1 } ?? 0 }

    func next() throws -> BacktestPage<Stored>? {
        guard let range else { return nil }
        let first = nextSequence.withLock { next in
            defer { next = min(range.upperBound, next + Self.recordsPerPage - 1) + 1 }
            return next
        }
        guard first <= range.upperBound else { return nil }
        let last = min(range.upperBound, first + Self.recordsPerPage - 1)
        var page = BacktestPage<Stored>(stored: [], size: last - first + 1)
        try store.scan(
            DecisionLog.records,
            KeyRange(from: DecisionLog.key(first), to: DecisionLog.key(last + 1)),
            reversed: false
        ) { key, value in
            page.stored.append(Stored(sequence: Self.number(key), bytes: Array(value)))
            return true
        }
        return page
    }

    private static func number(_ key: UnsafeRawBufferPointer) -> UInt64 {
        key.reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: Range

    /// Nil: there is nothing to look at.
    private static func range(
        _ store: any KeyValueStore, _ choice: BacktestChoice
    ) throws -> ClosedRange<UInt64>? {
        func edge(reversed: Bool) throws -> UInt64? {
            try store.rows(DecisionLog.records, reversed: reversed, limit: 1).first.map { row in
                row.key.withUnsafeBytes { number($0) }
            }
        }
        guard var first = try edge(reversed: false), let last = try edge(reversed: true) else {
            return nil
        }
        if choice.last > 0, last - first >= choice.last { first = last - choice.last + 1 }
        if let since = choice.since {
            first = try firstSequence(store, from: first, to: last, at: since.seconds)
        }
        return first <= last ? first...last : nil
    }

    /// The first record that may have been decided at or after a time; the log rises with time but
    /// for clocks that are set.
    private static func firstSequence(
        _ store: any KeyValueStore, from first: UInt64, to last: UInt64, at second: Int64
    ) throws -> UInt64 {
        var (low, high) = (first, last + 1)
        while low < high {
            let middle = low + (high - low) / 2
            if let time = try time(store, middle), time >= second - clockTolerance {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }

    private static func time(_ store: any KeyValueStore, _ sequence: UInt64) throws -> Int64? {
        guard let bytes = try store.get(DecisionLog.key(sequence), in: DecisionLog.records) else {
            return nil
        }
        if let record: AssayRiskV1.DecisionRecord = try? SealedRecord.open(bytes) {
            return record.decidedAt.seconds
        }
        let change: AssayRiskV1.ChangeRecord? = try? SealedRecord.open(bytes)
        return change?.at.seconds
    }

    // MARK: One record

    func event(_ stored: Stored) throws -> BacktestEvent? {
        guard let record = try record(stored), record.tenant == choice.tenant else { return nil }
        if let since = choice.since, record.decidedAt < since { return nil }
        if let until = choice.until, record.decidedAt >= until { return nil }
        guard record.kind == .transaction else {
            throw LeftOut("loan applications, which no rule decides")
        }
        let evidence: DecisionEvidence?
        do {
            evidence = try DecisionEvidence.read(stored.sequence, from: store)
        } catch let error as StorageError where error.code == .corrupt {
            throw LeftOut("records whose evidence is damaged")
        }
        let frame = try frame(record, evidence, plan.live.rules.catalogue)
        var event = BacktestEvent(
            live: Self.assessment(frame), second: frame.occurredAt, expected: frame.expected,
            at: record.decidedAt, decisionID: record.decisionID)
        if !plan.hasSameFacts {
            event.candidate = Self.assessment(
                try self.frame(record, evidence, plan.candidate.rules.catalogue))
        }
        event.transactionID = record.transactionID
        event.subject = frame.subjects.first ?? ""
        event.amount = event.live.amount
        event.recorded = Self.recorded(record.outcome)
        event.unrecorded = unknownFacts(of: record.ruleSet).union(frame.erased)
        return event
    }

    /// Nil for what is no decision.
    private func record(_ stored: Stored) throws -> AssayRiskV1.DecisionRecord? {
        do {
            return try SealedRecord.open(stored.bytes)
        } catch .wrongType(AssayRiskV1.ChangeRecord.fullName) {
            return nil
        } catch {
            throw LeftOut("records that are damaged")
        }
    }

    private func frame(
        _ record: AssayRiskV1.DecisionRecord, _ evidence: DecisionEvidence?,
        _ catalogue: FactCatalogue
    ) throws -> RecordedFrame {
        do {
            return try RecordedFrame(record, evidence: evidence, catalogue: catalogue)
        } catch {
            throw LeftOut("records of an older version, without what a replay needs")
        }
    }

    private static func assessment(_ frame: RecordedFrame) -> Assessment {
        var assessment = Assessment(sheet: frame.sheet, run: RuleRun())
        assessment.model = frame.model
        assessment.industry = frame.industry
        assessment.isWithoutFeatures = frame.isWithoutFeatures
        assessment.exceptions = AppliedExceptions(frame.record)
        return assessment
    }

    private static func recorded(
        _ outcome: AssayRiskV1.RecordedOutcome
    ) -> BacktestEvent.Recorded? {
        let status: RiskStatus
        switch outcome.status {
        case .approved: status = .approved
        case .challenge: status = .challenge
        case .review: status = .review
        case .declined: status = .declined
        case .unspecified, .unrecognized: return nil
        }
        return BacktestEvent.Recorded(
            status: status, score: outcome.scoreExact.rescaled(to: 3)?.coefficient ?? -1,
            rules: outcome.flags.map(\.rule).sorted())
    }

    /// What rules of the candidate read and the catalogue of then did not have.
    private func unknownFacts(of ruleSet: [UInt8]) -> Set<String> {
        if let known = unknownFacts.withLock({ $0[ruleSet] }) { return known }
        var unknown: Set<String> = []
        if ruleSet != plan.live.rules.digest, let then = try? archive.ruleSet(ruleSet) {
            unknown = Self.facts(of: plan.candidate.rules).subtracting(
                then.catalogue.entries.map(\.name))
        } else {
            unknown = Self.facts(of: plan.candidate.rules).subtracting(
                plan.live.rules.catalogue.entries.map(\.name))
        }
        unknownFacts.withLock { $0[ruleSet] = unknown }
        return unknown
    }

    private static func facts(of rules: RuleSet) -> Set<String> {
        Set(rules.rules.flatMap(\.facts).map { rules.catalogue.entries[$0].name })
    }
}
