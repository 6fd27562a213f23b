import AssayMessages
import Storage
import Testing
import Wire

@testable import RiskCore

@Suite("A log that somebody altered") struct LogTamperingTests {
    /// A log of small records of both kinds.
    private func filled(_ count: Int) async throws -> (TemporaryFolder, RocksDBStore) {
        let folder = TemporaryFolder()
        let store = try folder.open()
        let log = try DecisionLog(store: store, newChain: "tampering", interval: .zero)
        var last: DecisionLog.Appended?
        for number in 1...count {
            let at = Timestamp(seconds: 1_772_366_400 + Int64(number)) ?? .blank()
            if number % 3 == 0 {
                last = try log.append(
                    change: AssayRiskV1.ChangeRecord(
                        chain: "", sequence: 0, kind: "rules.applied", at: at, actor: "m.lind")
                ) { _, _ in }
            } else {
                var record = AssayRiskV1.DecisionRecord.blank()
                record.decisionID = UniqueID(high: 7, low: UInt64(number))
                record.decidedAt = at
                record.tenant = "acme"
                last = try log.append(record) { _, _ in }
            }
        }
        try await last?.wait()
        await log.close()
        return (folder, store)
    }

    private func put(
        _ store: RocksDBStore, _ sequence: UInt64, _ bytes: [UInt8]?, last: UInt8? = nil
    ) throws {
        var batch = WriteBatch()
        let key = DecisionLog.key(sequence) + (last.map { [$0] } ?? [])
        if let bytes {
            batch.put(key, bytes, in: DecisionLog.records)
        } else {
            batch.delete(key, in: DecisionLog.records)
        }
        try store.write(batch, sync: false)
    }

    private func problem(_ store: RocksDBStore) throws -> UInt64? {
        try LogVerification.verify(store).firstProblem?.sequence
    }

    @Test("a changed byte anywhere in a log is found at its record")
    func everyByte() async throws {
        let (folder, store) = try await filled(6)
        defer { store.close() }
        let records = try store.rows(DecisionLog.records, limit: 10)
        for (index, record) in records.enumerated() {
            for position in record.value.indices {
                for mask in [UInt8(1) << (position % 8), 0xFF] {
                    var bad = record.value
                    bad[position] ^= mask
                    try put(store, UInt64(index + 1), bad)
                    let found = try problem(store)
                    #expect(found == UInt64(index + 1), "record \(index + 1) byte \(position)")
                }
            }
            try put(store, UInt64(index + 1), record.value)
        }
        #expect(try problem(store) == nil)
        withExtendedLifetime(folder) {}
    }

    @Test("a changed byte in what says where the log ends, and of which chain it is, is found")
    func everyByteOfMeta() async throws {
        let (folder, store) = try await filled(4)
        defer { store.close() }
        for key in [DecisionLog.headKey, DecisionLog.chainKey] {
            let good = try #require(try store.get(key, in: DecisionLog.meta))
            for position in good.indices {
                var bad = good
                bad[position] ^= 0x40
                var batch = WriteBatch()
                batch.put(key, bad, in: DecisionLog.meta)
                try store.write(batch, sync: false)
                #expect(try problem(store) != nil, "byte \(position)")
            }
            var batch = WriteBatch()
            batch.put(key, good, in: DecisionLog.meta)
            try store.write(batch, sync: false)
        }
        #expect(try problem(store) == nil)
        withExtendedLifetime(folder) {}
    }

    private enum Tampering: CaseIterable {
        case flip, remove, swap, repeated, shift, between, reseal, cut
    }

    @Test("whatever is done to a log of 500 records, it is found where it was done")
    func random() async throws {
        let count: UInt64 = 500
        let (folder, store) = try await filled(Int(count))
        defer { store.close() }
        let good = try store.rows(DecisionLog.records, limit: 1_000).map(\.value)
        var random = SeededGenerator(seed: 20_261_122)
        for round in 0..<96 {
            let kind = Tampering.allCases[round % Tampering.allCases.count]
            let at = UInt64.random(in: 1..<count - 1, using: &random)
            let other = UInt64.random(in: at + 1...count, using: &random)
            let expected = try tamper(store, good, kind, at, other, &random)
            #expect(try problem(store) == expected, "round \(round): \(kind) at \(at), \(other)")
            for sequence in at...count { try put(store, sequence, good[Int(sequence) - 1]) }
            try put(store, at, nil, last: 0)
            try put(store, count + 1, nil)
        }
        #expect(try problem(store) == nil)
        withExtendedLifetime(folder) {}
    }

    /// Alters the log, and tells at which record that must be found.
    private func tamper(
        _ store: RocksDBStore, _ good: [[UInt8]], _ kind: Tampering, _ at: UInt64,
        _ other: UInt64, _ random: inout SeededGenerator
    ) throws -> UInt64 {
        func record(_ sequence: UInt64) -> [UInt8] { good[Int(sequence) - 1] }
        switch kind {
        case .flip:
            var bytes = record(at)
            bytes[bytes.indices.randomElement(using: &random) ?? 0] ^=
                1 << UInt8.random(in: 0..<8, using: &random)
            try put(store, at, bytes)
        case .remove: try put(store, at, nil)
        case .swap:
            try put(store, at, record(other))
            try put(store, other, record(at))
        case .repeated: try put(store, at, record(other))
        case .shift:
            // A copy is put in, and all that follow it move on by one.
            for sequence in at...UInt64(good.count) {
                try put(store, sequence + 1, record(sequence))
            }
            return at + 1
        case .between:
            try put(store, at, record(other), last: 0)
            return at + 1
        case .reseal:
            var forged: [UInt8]
            if at % 3 == 0 {
                var change: AssayRiskV1.ChangeRecord = try SealedRecord.open(record(at))
                change.actor = "a.okafor"
                forged = try SealedRecord.seal(change).bytes
            } else {
                var decision: AssayRiskV1.DecisionRecord = try SealedRecord.open(record(at))
                decision.outcome.status = .declined
                forged = try SealedRecord.seal(decision).bytes
            }
            try put(store, at, forged)
            return at + 1
        case .cut:
            for sequence in at...UInt64(good.count) { try put(store, sequence, nil) }
        }
        return at
    }
}
