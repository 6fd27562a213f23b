public import AssayMessages
internal import Foundation
public import Storage
internal import Synchronization
internal import Wire

/// The sealed records of all decisions, each chained to the one before, and the rows by which
/// decisions are found again.
///
/// A record and its rows are one batch: they are on the disk together, before anyone learns of the
/// decision, or not at all. After a crash the store keeps a prefix of the batches, so what is cut
/// off is a tail of records that were never answered.
public final class DecisionLog: Sendable {
    /// Records by their sequence, big-endian.
    public static let records = Family("decision_log")
    /// Chain id, and the sequence and digest of the last record.
    public static let meta = Family("decision_meta")

    /// A record on its way to the disk.
    public struct Appended: Sendable {
        public var position: AssayRiskV1.LogPosition
        fileprivate let commit: GroupCommit.Commit

        /// Returns when the record is durable.
        public func wait() async throws(StorageError) { try await commit.wait() }
    }

    private struct Head {
        var sequence: UInt64
        var digest: [UInt8]
        /// Where records go until one of them cannot be written.
        var commits: GroupCommit
    }

    /// The chain's name, made once and kept in the store.
    public let chain: String
    private let store: any KeyValueStore
    private let interval: Duration
    private let head: Mutex<Head>
    private let trouble = Mutex<StorageError?>(nil)
    /// Who waits for records that are on the disk.
    let followers: LogFollowers

    /// Opens the log and verifies its last records. A broken chain is refused: appending to it
    /// would hide where it broke.
    ///
    /// - Parameters:
    ///   - newChain: name of the chain if the store has none yet; at most 64 bytes.
    ///   - verifiedRecords: how many records, from the end, are verified.
    public init(
        store: any KeyValueStore, newChain: String, verifiedRecords: UInt64 = 65_536,
        interval: Duration = .milliseconds(1)
    ) throws {
        self.store = store
        if let name = try store.get(Self.chainKey, in: Self.meta) {
            chain = String(decoding: name, as: UTF8.self)
        } else {
            chain = newChain
            var batch = WriteBatch()
            batch.put(Self.chainKey, Array(newChain.utf8), in: Self.meta)
            try store.write(batch, sync: true)
        }
        let report = try LogVerification.verify(store, last: verifiedRecords)
        if let problem = report.firstProblem { throw LogBroken(problem: problem) }
        self.interval = interval
        head = Mutex(
            Head(
                sequence: report.lastSequence, digest: report.lastDigest,
                commits: GroupCommit(store: store, interval: interval)))
        followers = LogFollowers(durable: report.lastSequence)
    }

    /// Seals the record at the next place of the chain and submits it together with the rows that
    /// `rows` makes. Records are submitted in the order of the chain.
    public func append(
        _ record: AssayRiskV1.DecisionRecord,
        rows: (AssayRiskV1.LogPosition, inout WriteBatch) throws -> Void
    ) throws -> Appended {
        var record = record
        record.chain = chain
        record.sequence = 1
        // What goes in was validated on arrival or made here; a debug build proves it.
        assert(record.violations().isEmpty, "\(record.violations())")
        return try append(rows) { sequence, previous in
            record.sequence = sequence
            record.previous = previous
            return try SealedRecord.seal(record)
        }
    }

    /// Seals a step of a change of the rules at the next place of the same chain; otherwise as for
    /// a decision.
    public func append(
        change: AssayRiskV1.ChangeRecord,
        rows: (AssayRiskV1.LogPosition, inout WriteBatch) throws -> Void
    ) throws -> Appended {
        var change = change
        change.chain = chain
        change.sequence = 1
        assert(change.violations().isEmpty, "\(change.violations())")
        return try append(rows) { sequence, previous in
            change.sequence = sequence
            change.previous = previous
            return try SealedRecord.seal(change)
        }
    }

    private func append(
        _ rows: (AssayRiskV1.LogPosition, inout WriteBatch) throws -> Void,
        sealed seal: (UInt64, [UInt8]) throws -> SealedRecord
    ) throws -> Appended {
        try head.withLock { head in
            let sequence = head.sequence + 1
            let sealed = try seal(sequence, head.digest)
            let position = AssayRiskV1.LogPosition(
                chain: chain, sequence: sequence, digest: sealed.digest.bytes)
            let key = Self.key(sequence)
            var batch = WriteBatch()
            batch.put(key, sealed.bytes, in: Self.records)
            batch.put(Self.headKey, key + sealed.digest.bytes, in: Self.meta)
            try rows(position, &batch)
            let commit = try head.commits.submit(batch)
            head.sequence = sequence
            head.digest = sealed.digest.bytes
            commit.whenDone { [followers, weak self] result in
                switch result {
                case .success: followers.reached(sequence)
                case .failure(let error): self?.failed(error)
                }
            }
            return Appended(position: position, commit: commit)
        }
    }

    /// Sequence of the last record; 0 if there is none.
    public var lastSequence: UInt64 { head.withLock(\.sequence) }

    /// Sequence of the last record that is known to be on the disk; all before it are, too.
    public var durableSequence: UInt64 { followers.durable }

    /// Waits for what was submitted, and takes no more.
    public func close() async {
        await head.withLock(\.commits).close()
        followers.close()
    }

    // MARK: A disk that fails

    /// Why nothing is taken since a write failed; nil while all is well.
    public var failure: StorageError? { trouble.withLock { $0 } }

    private func failed(_ error: StorageError) {
        guard error.code != .closed else { return }
        trouble.withLock { $0 = $0 ?? error }
    }

    /// Goes on behind the last record that is in the store, after the store was opened anew. What
    /// was in doubt when the write failed is in the chain or is not: whoever asks again with the
    /// same request is answered accordingly, as after a crash.
    public func resume() throws {
        // Nothing is written meanwhile: what took records has failed.
        let report = try LogVerification.verify(store, last: 1_024)
        if let problem = report.firstProblem { throw LogBroken(problem: problem) }
        head.withLock { head in
            head = Head(
                sequence: report.lastSequence, digest: report.lastDigest,
                commits: GroupCommit(store: store, interval: interval))
            trouble.withLock { $0 = nil }
        }
        followers.reached(report.lastSequence)
    }

    static let chainKey = Array("chain".utf8)
    static let headKey = Array("head".utf8)

    static func key(_ sequence: UInt64) -> [UInt8] {
        withUnsafeBytes(of: sequence.bigEndian) { Array($0) }
    }
}

/// The log's chain does not hold.
public struct LogBroken: Error, CustomStringConvertible {
    public var problem: LogProblem

    public var description: String { "the decision log is broken: \(problem)" }
}
