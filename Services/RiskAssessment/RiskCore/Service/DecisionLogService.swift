public import AssayMessages
internal import Dispatch
public import RPC
public import Storage
internal import Synchronization
internal import Wire

/// Proves the log of a running service, on a thread of its own and beside the payments.
public final class DecisionLogService: AssayRiskV1.DecisionLog.Service {
    /// Bytes after which it tells how far it is.
    private static let bytesOfOneStep: UInt64 = 8 << 20
    private static let recordsOfOneStep = 16_384

    private let store: any KeyValueStore
    private let log: DecisionLog
    private let archive: RuleArchive
    private let queue = DispatchQueue(label: "assay.risk.verify-log", qos: .utility)
    private let isRunning = Atomic(false)

    public init(store: any KeyValueStore, log: DecisionLog, archive: RuleArchive) {
        self.store = store
        self.log = log
        self.archive = archive
    }

    public func verifyLog(
        _ request: AssayRiskV1.VerifyLogRequest,
        replies: ReplyWriter<AssayRiskV1.VerifyProgress>, context: ServerContext
    ) async throws {
        let last = log.durableSequence
        let range = try Self.range(request, last)
        guard
            isRunning.compareExchange(
                expected: false, desired: true, ordering: .acquiringAndReleasing
            ).exchanged
        else {
            throw RPCError(
                .resourceExhausted, "the log is being verified by another call; wait for its end",
                reason: "VERIFICATION_RUNNING")
        }
        // The newest step is what counts: a slow reader sees fewer of them.
        let (steps, continuation) = AsyncThrowingStream.makeStream(
            of: AssayRiskV1.VerifyProgress.self, bufferingPolicy: .bufferingNewest(1))
        let isWanted = Wanted()
        queue.async { [self] in
            var failure: (any Error)?
            do {
                try walk(request, range) { step in
                    continuation.yield(step)
                    return isWanted.value
                }
            } catch {
                failure = RiskService.unreadable(error)
            }
            // Who has seen the end may begin the next.
            isRunning.store(false, ordering: .releasing)
            continuation.finish(throwing: failure)
        }
        defer { isWanted.end() }
        for try await step in steps { try await replies.write(step) }
    }

    /// Whether somebody still waits for the end.
    private final class Wanted: Sendable {
        private let flag = Atomic(true)

        var value: Bool { flag.load(ordering: .relaxed) }

        func end() { flag.store(false, ordering: .relaxed) }
    }

    private static func range(
        _ request: AssayRiskV1.VerifyLogRequest, _ last: UInt64
    ) throws -> (from: UInt64, to: UInt64) {
        let range = (from: max(1, request.from), to: request.to == 0 ? last : request.to)
        if range.to > last {
            throw RPCError.invalid([
                FieldViolation(field: "/to", description: "is after the last record, \(last)")
            ])
        }
        if range.from > max(1, range.to) {
            throw RPCError.invalid([
                FieldViolation(field: "/from", description: "is after to, \(range.to)")
            ])
        }
        return range
    }

    // MARK: On the queue

    private func walk(
        _ request: AssayRiskV1.VerifyLogRequest, _ range: (from: UInt64, to: UInt64),
        _ tell: (AssayRiskV1.VerifyProgress) -> Bool
    ) throws {
        let each = UInt64(request.replayEach)
        var walk = try LogWalk(store, to: range.to, decodes: each > 0 || request.deep)
        var replay = ReplayRange(store: store, archive: archive)
        var evidence = EvidenceCheck(store: store)
        try walk.begin(at: range.from)
        func progress(isDone: Bool) -> AssayRiskV1.VerifyProgress {
            let (log, made) = (walk.report, replay.report)
            return AssayRiskV1.VerifyProgress(
                records: log.records, bytes: log.bytes, lastSequence: log.lastSequence,
                lastDigest: log.lastDigest,
                problem: log.firstProblem?.message, isDone: isDone, replayed: made.replayed,
                differing: made.differing + made.unreplayable, chain: walk.chain ?? "",
                evidence: evidence.held, erased: evidence.erased, altered: evidence.altered,
                alteredFirst: evidence.firstProblem?.message)
        }
        while true {
            // What is read a second time here was proven by the step.
            let before = walk.report.lastSequence
            let isMore = try walk.advance(
                records: Self.recordsOfOneStep, bytes: Self.bytesOfOneStep,
                visit: request.deep ? { _, record in try evidence.check(record) } : nil)
            if each > 0 { try replayEach(each, before, walk.report.lastSequence, &replay) }
            guard isMore else { break }
            guard tell(progress(isDone: false)) else { return }
        }
        _ = tell(progress(isDone: true))
    }

    private func replayEach(
        _ each: UInt64, _ before: UInt64, _ last: UInt64, _ replay: inout ReplayRange
    ) throws {
        var sequence = before + each - before % each
        while sequence <= last {
            if let bytes = try store.get(DecisionLog.key(sequence), in: DecisionLog.records) {
                let sealed = try SealedRecord.verify(bytes)
                if sealed.name == AssayRiskV1.DecisionRecord.fullName {
                    try replay.replay(try sealed.open())
                }
            }
            let (next, isOver) = sequence.addingReportingOverflow(each)
            if isOver { return }
            sequence = next
        }
    }
}

extension LogProblem {
    fileprivate var message: AssayRiskV1.LogProblem {
        AssayRiskV1.LogProblem(sequence: sequence, reason: String(reason.prefix(1_000)))
    }
}
