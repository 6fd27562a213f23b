import Storage
import Synchronization
import Testing

@Suite struct ExpiryTests {
    /// Rows with a value below a limit that moves.
    private final class Below: RowExpiry {
        private let limit = Atomic<UInt8>(0)

        func set(_ value: UInt8) { limit.store(value, ordering: .relaxed) }

        func isExpired(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
            (value.first ?? 0) < limit.load(ordering: .relaxed)
        }
    }

    @Test("rows that have had their time leave when files are rewritten, others stay")
    func compaction() throws {
        let directory = TemporaryDirectory()
        let below = Below()
        let store = try RocksDBStore(
            directory: directory.path, families: ["old", "kept"], expiry: ["old": below])
        var batch = WriteBatch()
        for index in UInt8(0)..<100 {
            batch.put([index], [index], in: "old")
            batch.put([index], [index], in: "kept")
        }
        try store.write(batch, sync: true)
        try store.compact("old")
        #expect(try store.rows("old", limit: 200).count == 100)
        below.set(60)
        try store.compact("old")
        try store.compact("kept")
        #expect(try store.rows("old", limit: 200).map(\.key) == (60..<100).map { [$0] })
        #expect(try store.rows("kept", limit: 200).count == 100)
        store.close()
    }

    @Test("what is given up below a key takes nothing at the key or above it")
    func discard() throws {
        let directory = TemporaryDirectory()
        let store = try RocksDBStore(directory: directory.path, families: ["rows"])
        for index in UInt8(0)..<10 {
            var batch = WriteBatch()
            batch.put([1, index], [index], in: "rows")
            try store.write(batch, sync: true)
            if index % 2 == 1 { try store.compact("rows") }
        }
        try store.discard("rows", below: [0, 0])
        try store.discard("rows", below: [1, 7])
        let left = try store.rows("rows", limit: 20).map { $0.key[1] }
        #expect(left.suffix(3) == [7, 8, 9])
        store.close()
    }
}
