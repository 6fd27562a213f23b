internal import AssayMessages
internal import Dispatch
public import RPC
public import Storage
internal import Synchronization
internal import Wire

/// Tells the model service of sealed decisions that met experiments, behind the replies: its metrics read
/// what was decided.
///
/// The decision log is the queue. A decision waits for nothing here, memory holds numbers of records
/// only, and what was not told when a process ended is told by the next one: decisions are told at
/// least once, and count once.
public final class ExperimentFeed: Sendable {
    /// Numbers of records that wait; with more of them the log itself is read again.
    static let maximumNoted = 65_536
    /// Records that are looked at for one call, where it is not known which met an experiment.
    private static let maximumScanned = 4_096
    static let pause = Duration.milliseconds(100)
    /// Between two calls of a backlog: the model service has calls that cannot wait to answer meanwhile.
    static let backlogPause = Duration.milliseconds(10)
    private static let longestPause = Duration.seconds(5)
    static let cursorKey = Array("experiments".utf8)

    public struct Health: Sendable, Hashable {
        /// Decisions that the model service took.
        public var told = 0
        /// Decisions that it refused for what they say, or that the log gives back damaged; they are passed
        /// over.
        public var refused = 0
        /// Which decision was refused last, and why; empty if none was.
        public var refusal = ""
        /// Calls that failed, and were or will be made again.
        public var failures = 0
        /// Records that are to be told, or to be looked at.
        public var pending = 0
        /// Of the last call; empty if it succeeded.
        public var problem = ""
    }

    private struct State {
        /// All up to this record was told, or met no experiment.
        var told: UInt64
        /// Up to this record it is not known which met one.
        var unknownTo: UInt64
        /// Later records that met one, ascending.
        var noted: [UInt64] = []
        var health = Health()
        /// What the store says of `told`.
        var stored: UInt64
    }

    private let store: any KeyValueStore
    private let log: DecisionLog
    private let client: AssayModelsV1.Experiments.Client
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "assay.risk.experiment-feed", qos: .utility)

    /// Of a log that nobody was told of before, the feed begins at the end: what is older, a rebuild tells.
    ///
    /// - Parameter store: the one of the log; it also keeps how far the feed came.
    public init(
        store: any KeyValueStore, log: DecisionLog, models: any ClientTransport
    ) throws {
        self.store = store
        self.log = log
        client = AssayModelsV1.Experiments.Client(models)
        let last = log.lastSequence
        let kept = try store.get(Self.cursorKey, in: DecisionLog.meta).map {
            $0.reduce(0) { $0 << 8 | UInt64($1) }
        }
        // A log that lost its end grows again, and what is written there then was not told.
        let told = min(last, kept ?? last)
        if told != kept { try Self.keep(told, in: store) }
        state = Mutex(State(told: told, unknownTo: last, stored: told))
    }

    public var health: Health {
        state.withLock { state in
            var health = state.health
            health.pending =
                state.noted.count
                + Int(clamping: state.unknownTo - min(state.told, state.unknownTo))
            return health
        }
    }

    /// A record that met an experiment gets this place in the log. Never waits.
    func note(_ sequence: UInt64) {
        state.withLock { state in
            guard state.noted.count < Self.maximumNoted else {
                state.noted.removeAll(keepingCapacity: true)
                state.unknownTo = sequence
                return
            }
            state.noted.append(sequence)
        }
    }

    /// Tells what there is to tell, until the task is cancelled.
    ///
    /// - Parameters:
    ///   - report: gets each problem that is not the one before, and what is passed over.
    ///   - sleep: waits, by the clock of whoever owns this.
    public func run(
        report: @Sendable (String) -> Void, sleep: @Sendable (Duration) async throws -> Void
    ) async {
        var pause = Self.pause
        var reported = ""
        var refused = health.refused
        while !Task.isCancelled {
            let round = await tellSome()
            let health = health
            if health.refused > refused {
                report("passed over \(health.refused - refused), last \(health.refusal)")
            }
            refused = health.refused
            let problem = health.problem
            if !problem.isEmpty, problem != reported, !Task.isCancelled { report(problem) }
            reported = problem
            switch round {
            case .told, .nothing: pause = Self.pause
            case .failed: pause = min(pause * 2, Self.longestPause)
            }
            do { try await sleep(round == .told ? Self.backlogPause : pause) } catch { return }
        }
    }

    enum Round: Sendable {
        case told, nothing, failed
    }

    /// One call at most.
    func tellSome() async -> Round {
        do {
            guard let part = try await onQueue({ try self.next() }) else { return .nothing }
            let refusals = try await tell(part.records)
            try await onQueue { try self.finish(part, refusals) }
            return .told
        } catch {
            let problem = (error as? RPCError).map { "\($0.code): \($0.message)" } ?? "\(error)"
            state.withLock { state in
                state.health.failures += 1
                state.health.problem = problem
            }
            return .failed
        }
    }

    /// - Returns: those that the model service refused for what they say.
    private func tell(_ records: [FeedPart.Record]) async throws -> [FeedPart.Refusal] {
        guard let first = records.first else { return [] }
        do {
            let request = AssayModelsV1.SealedDecisions(records: records.flatMap(\.bytes))
            _ = try await client.recordDecisions(request, options: CallOptions())
            return []
        } catch let error as RPCError where error.code == .invalidArgument {
            guard records.count > 1 else {
                return [.init(sequence: first.sequence, reason: error.message)]
            }
            // One of them is at fault, and the others are not to suffer for it.
            let half = records.count / 2
            let refusals = try await tell(Array(records.prefix(half)))
            return try await refusals + tell(Array(records.dropFirst(half)))
        }
    }

    // MARK: On the queue

    /// Nil if there is nothing to do.
    private func next() throws -> FeedPart? {
        // Before the numbers: what is at most this is noted already.
        let last = log.lastSequence
        let (told, unknownTo, noted) = state.withLock {
            ($0.told, $0.unknownTo, Array($0.noted.prefix(FeedPart.maximumRecords)))
        }
        if told < unknownTo { return try unknown(after: told, to: unknownTo) }
        if noted.isEmpty { return told < last ? try idle(last) : nil }
        var part = FeedPart(upTo: told)
        for (sequence, record) in zip(
            noted, try store.get(noted.map(DecisionLog.key), in: DecisionLog.records))
        {
            // Submitted, and not on the disk yet.
            guard let record, part.take(record, at: sequence) else { break }
        }
        return part.upTo == told ? nil : part
    }

    /// Nothing to tell up to the last record: worth a row now and then, to read less at the next start.
    private func idle(_ last: UInt64) throws -> FeedPart? {
        let isFar = state.withLock { last - $0.stored >= Self.maximumScanned }
        return isFar ? FeedPart(upTo: last) : nil
    }

    private func unknown(after told: UInt64, to end: UInt64) throws -> FeedPart? {
        var part = FeedPart(upTo: told)
        var scanned = 0
        let range = KeyRange(from: DecisionLog.key(told + 1))
        try store.scan(DecisionLog.records, range, reversed: false) { key, value in
            let sequence = key.reduce(0) { $0 << 8 | UInt64($1) }
            guard sequence <= end, scanned < Self.maximumScanned else { return false }
            scanned += 1
            return part.take(Array(value), at: sequence)
        }
        return part.upTo == told ? nil : part
    }

    private func finish(_ part: FeedPart, _ refusals: [FeedPart.Refusal]) throws {
        let (told, stored) = state.withLock { state in
            state.told = max(state.told, part.upTo)
            let done = state.noted.prefix { $0 <= part.upTo }.count
            state.noted.removeFirst(done)
            if !part.records.isEmpty { state.health.problem = "" }
            state.health.told += part.records.count - refusals.count
            let passed = part.damaged + refusals
            state.health.refused += passed.count
            if let last = passed.last { state.health.refusal = "\(last)" }
            return (state.told, state.stored)
        }
        guard told > stored else { return }
        try Self.keep(told, in: store, sync: false)
        state.withLock { $0.stored = told }
    }

    private static func keep(
        _ told: UInt64, in store: any KeyValueStore, sync: Bool = true
    ) throws(StorageError) {
        var batch = WriteBatch()
        batch.put(cursorKey, DecisionLog.key(told), in: DecisionLog.meta)
        try store.write(batch, sync: sync)
    }

    private func onQueue<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
