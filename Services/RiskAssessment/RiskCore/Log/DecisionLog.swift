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
    }

    /// The chain's name, made once and kept in the store.
    public let chain: String
    private let store: any KeyValueStore
    private let commits: GroupCommit
    private let head: Mutex<Head>
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
        head = Mutex(Head(sequence: report.lastSequence, digest: report.lastDigest))
        followers = LogFollowers(durable: report.lastSequence)
        commits = GroupCommit(store: store, interval: interval)
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
            let commit = try commits.submit(batch)
            head = Head(sequence: sequence, digest: sealed.digest.bytes)
            commit.whenDone { [followers] result in
                if case .success = result { followers.reached(sequence) }
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
        await commits.close()
        followers.close()
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
