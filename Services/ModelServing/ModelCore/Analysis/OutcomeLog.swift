package import AssayMessages
internal import Crypto
internal import Dispatch
internal import RPC
public import Storage
internal import Synchronization
public import Wire

/// What came of decisions: durable, each outcome once, in the order in which it was recorded.
///
/// Times of recording never go back, not over a restart either: what is recorded after a horizon was
/// taken lies behind it, so an analysis up to that horizon is the same for ever.
public final class OutcomeLog: Sendable {
    /// The families of rows that the log's store must be opened with.
    public static let families: [Family] = [AnalysisKeys.family]

    /// How far ahead of our clock an outcome may have been observed.
    static let allowedLeadMilliseconds: Int64 = 300_000
    /// Batches that wait for the disk; more are refused.
    private static let maximumPending = 256

    let store: any KeyValueStore
    let keys: AnalysisKeys
    private let now: @Sendable () -> Timestamp
    private let queue = DispatchQueue(label: "assay.models.outcomes")
    private let pending = Mutex(0)
    /// Of the last batch or horizon; only the queue moves it.
    private let clock: Mutex<Int64>

    public init(
        store: any KeyValueStore, tenant: String = "default",
        now: @escaping @Sendable () -> Timestamp
    ) throws {
        self.store = store
        self.now = now
        keys = AnalysisKeys(tenant: tenant)
        let last = try store.get(keys.clock, in: AnalysisKeys.family)
        clock = Mutex(last.map { Int64(truncatingIfNeeded: BigEndian.number($0)) } ?? 0)
    }

    /// What became of some outcomes.
    package struct Tally: Sendable, Equatable {
        package var received = 0
        package var recorded = 0
        package var repeated = 0
        /// Known already with other contents.
        package var conflicts: [String] = []
    }

    /// Stores those that are new, all or none, and returns when they are durable.
    ///
    /// - Parameter first: the place of the first of them in a longer stream, for errors.
    /// - Throws: INVALID_ARGUMENT for the first that cannot be stored; then none of them is.
    package func record(
        _ outcomes: [AssayModelsV1.Outcome], first: Int = 0
    ) async throws -> Tally {
        let time = now().millisecondsSinceEpoch
        for (index, outcome) in outcomes.enumerated() {
            try Self.check(outcome, "outcomes[\(first + index)]", now: time)
        }
        return try await onQueue { try self.recordNow(outcomes) }
    }

    /// Writes rows beside the outcomes, and returns when they are durable, with all that was written to the
    /// store before.
    func write(_ batch: WriteBatch) async throws {
        try await onQueue { try self.store.write(batch, sync: true) }
    }

    /// Whether a time lies further ahead of our clock than an outcome may.
    func isAhead(_ time: Timestamp) -> Bool {
        Self.isAhead(time, now: now().millisecondsSinceEpoch)
    }

    private static func isAhead(_ time: Timestamp, now: Int64) -> Bool {
        time.millisecondsSinceEpoch > now + allowedLeadMilliseconds
    }

    /// A moment, not before this one: all that was recorded earlier is there, and nothing will be
    /// recorded before it any more.
    package func horizon() async throws -> Int64 {
        try await onQueue {
            let last = self.clock.withLock { $0 }
            let time = max(0, self.now().millisecondsSinceEpoch)
            guard time > last else { return last }
            var batch = WriteBatch()
            batch.put(self.keys.clock, BigEndian.bytes(time), in: AnalysisKeys.family)
            try self.store.write(batch, sync: true)
            self.clock.withLock { $0 = time }
            return time
        }
    }

    /// The outcomes of a name that were recorded before the horizon.
    package func visit(
        _ name: String, before horizon: Int64,
        _ body: (AssayModelsV1.RecordedOutcome) throws -> Void
    ) throws {
        let range = keys.outcomes(name, before: horizon)
        try store.scan(AnalysisKeys.family, range, reversed: false) { _, value in
            let recorded: AssayModelsV1.RecordedOutcome
            do throws(WireError) {
                recorded = try AssayModelsV1.RecordedOutcome(
                    decoding: Array(value), door: .strict)
            } catch {
                throw StorageError(.corrupt, "an outcome named \(name) is damaged: \(error)")
            }
            try body(recorded)
            return true
        }
    }

    // MARK: On the queue

    private func recordNow(_ outcomes: [AssayModelsV1.Outcome]) throws -> Tally {
        let family = AnalysisKeys.family
        let known = try store.get(outcomes.map { keys.outcomeID($0.id) }, in: family)
        let time = now().millisecondsSinceEpoch
        // A horizon may have been taken at the clock's time: this is at it, so not before it.
        let at = clock.withLock { max($0, time, 0) }
        let recordedAt = Timestamp(milliseconds: at)
        var tally = Tally(received: outcomes.count)
        var batch = WriteBatch()
        var fresh: [String: [UInt8]] = [:]
        for (outcome, known) in zip(outcomes, known) {
            let digest = Array(SHA256.hash(data: outcome.encoded()))
            if let earlier = fresh[outcome.id] ?? known.map({ Array($0.dropFirst(8)) }) {
                if earlier == digest {
                    tally.repeated += 1
                } else {
                    tally.conflicts.append(outcome.id)
                }
                continue
            }
            fresh[outcome.id] = digest
            let row = AssayModelsV1.RecordedOutcome(outcome: outcome, recordedAt: recordedAt)
            batch.put(
                keys.outcomeID(outcome.id), BigEndian.bytes(at) + digest, in: family)
            batch.put(
                keys.outcome(outcome.name, recordedAt: at, outcome.id), row.encoded(),
                in: family)
        }
        tally.recorded = fresh.count
        guard !fresh.isEmpty else { return tally }
        batch.put(keys.clock, BigEndian.bytes(at), in: family)
        try store.write(batch, sync: true)
        clock.withLock { $0 = at }
        return tally
    }

    private func onQueue<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let isWelcome = pending.withLock { pending in
            if pending >= Self.maximumPending { return false }
            pending += 1
            return true
        }
        guard isWelcome else {
            throw RPCError(.resourceExhausted, "too many outcomes are waiting for the disk")
        }
        defer { pending.withLock { $0 -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Swift.Result {
                        do {
                            return try body()
                        } catch let error as StorageError {
                            throw RPCError(
                                code: .unavailable, message: "the outcome log failed: \(error)",
                                cause: error)
                        }
                    })
            }
        }
    }

    // MARK: What is accepted

    private static func check(
        _ outcome: AssayModelsV1.Outcome, _ place: String, now: Int64
    ) throws {
        guard isName(outcome.name) else {
            throw RPCError.invalid(
                "\(place).name",
                "\"\(outcome.name)\"; expected words of a-z, 0-9 and _, joined by dots, such as "
                    + "outcome.fraud_amount")
        }
        guard outcome.value.isFinite else {
            throw RPCError.invalid("\(place).value", "\(outcome.value) is not a finite number")
        }
        guard !isAhead(outcome.observedAt, now: now) else {
            throw RPCError.invalid("\(place).observed_at", "lies in the future")
        }
        switch outcome.subject {
        case .decision(let id) where id.isEmpty:
            throw RPCError.invalid("\(place).subject.decision", "is empty")
        case .unit(let unit) where unit.kind.isEmpty || unit.id.isEmpty || unit.kind.contains("\0"):
            throw RPCError.invalid("\(place).subject.unit", "kind and id are needed")
        default: break
        }
    }

    /// Two words or more, joined by dots.
    static func isName(_ name: String) -> Bool {
        let words = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return words.count > 1
            && words.allSatisfy { word in
                !word.isEmpty
                    && word.allSatisfy {
                        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
                    }
            }
    }
}

extension Timestamp {
    /// Of a time between the years 1 and 9999; others are the nearest of them.
    init(milliseconds: Int64) {
        let clamped = min(max(milliseconds, -62_135_596_800_000), 253_402_300_799_999)
        let (seconds, rest) = clamped.quotientAndRemainder(dividingBy: 1_000)
        let isNegative = rest < 0
        self =
            Timestamp(
                seconds: isNegative ? seconds - 1 : seconds,
                nanoseconds: Int(isNegative ? rest + 1_000 : rest) * 1_000_000)
            ?? Timestamp.blank()
    }
}
