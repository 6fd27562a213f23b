import AssayMessages
import FeatureEngine
import Foundation
import Storage
import Synchronization
import Testing
import Wire

@testable import FeatureCore

/// A store whose end loses what it may lose: of each row that was neither logged nor flushed any
/// version since the last flush is what is left.
final class ForgetfulStore: KeyValueStore {
    private struct Row: Hashable {
        let family: Family
        let key: [UInt8]
    }

    private let store: RocksDBStore
    /// The values that a row may have after the end: the flushed one first.
    private let versions = Mutex<[Row: [[UInt8]?]]>([:])

    init(_ store: RocksDBStore) { self.store = store }

    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        try store.get(key, in: family)
    }

    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        try store.write(batches, sync: sync)
        versions.withLock { versions in
            for batch in batches {
                for (row, _) in Self.rows(of: batch) { versions[row] = nil }
            }
        }
    }

    func writeUnlogged(_ batch: WriteBatch) throws(StorageError) {
        for (row, value) in Self.rows(of: batch) {
            let before = try store.get(row.key, in: row.family)
            versions.withLock { $0[row, default: [before]].append(value) }
        }
        try store.write(batch, sync: false)
    }

    func flush(_ families: [Family]) throws(StorageError) {
        versions.withLock { $0 = $0.filter { !families.contains($0.key.family) } }
    }

    func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try store.scan(family, range, reversed: reversed, body)
    }

    func close() { store.close() }

    /// How many rows came out older than they were.
    func crash(_ random: inout SeededGenerator) throws -> Int {
        var batch = WriteBatch()
        var older = 0
        let all = versions.withLock { $0 }.sorted {
            $0.key.key.lexicographicallyPrecedes($1.key.key)
        }
        for (row, values) in all {
            let left = Int.random(in: 0..<values.count, using: &random)
            if left < values.count - 1 { older += 1 }
            if let value = values[left] {
                batch.put(row.key, value, in: row.family)
            } else {
                batch.delete(row.key, in: row.family)
            }
        }
        try store.write(batch, sync: false)
        store.close()
        return older
    }

    private static func rows(of batch: WriteBatch) -> [(Row, [UInt8]?)] {
        var offset = 0
        return batch.operations.map { operation in
            let end = offset + operation.keyLength
            let key = Array(batch.bytes[offset..<end])
            offset = end + operation.valueLength
            let value = operation.isDelete ? nil : Array(batch.bytes[end..<offset])
            return (Row(family: operation.family, key: key), value)
        }
    }
}

@Suite struct StateWriterTests {
    private struct Opened {
        let store: TestStore
        let disk: ForgetfulStore

        init(_ directory: String, _ configuration: FeatureStoreConfiguration) async throws {
            let made = Mutex<ForgetfulStore?>(nil)
            store = try await TestStore(directory: directory, configuration: configuration) {
                let disk = ForgetfulStore($0)
                made.withLock { $0 = disk }
                return disk
            }
            disk = try #require(made.withLock { $0 })
        }
    }

    private func event(
        _ index: Int, _ random: inout SeededGenerator
    ) -> AssayFeaturesV1.Event {
        func key(_ kind: String, _ count: Int) -> String {
            "\(kind)\(Int.random(in: 0..<count, using: &random))"
        }
        return Payment.event(
            "e\(index)", cents: Int64.random(in: 1...90_000, using: &random), card: key("c", 60),
            customer: key("p", 40), account: key("a", 3), terminal: key("t", 9))
    }

    /// The steps of the stored trails: the same however they are cut into rows.
    private func steps(_ store: TestStore) throws -> Set<[UInt64]> {
        var steps: Set<[UInt64]> = []
        for row in try store.rows("trail") {
            let entity = row.key.dropLast(8).reduce(UInt64(7)) { ($0 &* 31) &+ UInt64($1) }
            let first = try #require(StorageKey.sequence(row.key.suffix(8)))
            for (offset, sequence) in try #require(Trail.sequences(row.value)).enumerated() {
                steps.insert([entity, first + UInt64(offset), sequence])
            }
        }
        return steps
    }

    @Test(
        "wherever the writer was, and whichever blobs the end lost, opening makes the same states",
        arguments: EventDurability.allCases, 0..<4)
    func crashes(_ durability: EventDurability, _ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var configuration = FeatureStoreConfiguration()
        configuration.durability = durability
        let whole = try await TestStore(configuration: configuration)
        configuration.roundEvents = 256
        let directory = TestStore.freshDirectory()
        var opened = try await Opened(directory, configuration)
        var (older, recovered) = (0, 0)
        defer {
            whole.remove()
            opened.store.remove()
        }
        for index in 0..<700 {
            let event = event(index, &random)
            let expected = try await whole.score(event)
            #expect(try await opened.store.score(event) == expected, "seed \(seed)")
            if Int.random(in: 0..<3, using: &random) == 0 {
                try await opened.store.features.active.writer.follow()
            }
            guard Int.random(in: 0..<120, using: &random) == 0 || index == 699 else { continue }
            older += try opened.disk.crash(&random)
            opened = try await Opened(directory, configuration)
            let again = opened.store.features.statistics.recovered.load(ordering: .relaxed)
            // Of two rounds, and what the writer had not followed yet.
            #expect(again <= 2 * 256 + 64)
            recovered += again
        }
        #expect(older > 0 && recovered > 0)
        try await whole.features.flush()
        let (expected, actual) = (try whole.rows("state"), try opened.store.rows("state"))
        #expect(actual.map(\.key) == expected.map(\.key), "seed \(seed)")
        #expect(actual.map(\.value) == expected.map(\.value), "seed \(seed)")
        #expect(try steps(opened.store) == steps(whole), "seed \(seed)")
    }

    @Test("every event up to the applied position is in the stored states")
    func position() async throws {
        var random = SeededGenerator(seed: 9)
        var configuration = FeatureStoreConfiguration()
        configuration.durability = .written
        configuration.roundEvents = 256
        let store = try await TestStore(configuration: configuration)
        defer { store.remove() }
        let writer = store.features.active.writer
        let generation = store.features.active.generation
        var positions: Set<UInt64> = []
        for index in 0..<1_200 {
            _ = try await store.score(event(index, &random))
            try await writer.follow()
            guard index % 50 == 0 else { continue }
            let applied = try store.features.appliedPosition(of: generation) ?? 0
            positions.insert(applied)
            #expect(UInt64(index + 1) - applied <= 2 * 256)
            // By entity, the highest sequence that the stored state has.
            var highest: [[UInt8]: UInt64] = [:]
            for row in try store.rows("state") {
                let place = row.value[32..<40].reversed()
                highest[Array(row.key.suffix(16))] = StorageKey.sequence(place)
            }
            try store.features.log.scan(after: 0) { row in
                guard row.sequence <= applied else { return false }
                for entity in row.entities {
                    #expect(highest[Array(entity.pid)] ?? 0 >= row.sequence)
                }
                return true
            }
        }
        #expect(positions.count > 2)
        #expect(store.features.unsavedBytes > 0)
    }

    @Test("changed states beyond their share of memory are stored without waiting for their turn")
    func pressure() async throws {
        var random = SeededGenerator(seed: 3)
        var configuration = FeatureStoreConfiguration()
        configuration.durability = .written
        configuration.cacheBytes = 1 << 20
        let store = try await TestStore(configuration: configuration)
        defer { store.remove() }
        var most = 0
        for index in 0..<1_500 {
            let event = Payment.event(
                "e\(index)", cents: 5, card: "c\(index)", customer: "p\(index)",
                account: "a\(index)", terminal: "t\(Int.random(in: 0..<9, using: &random))")
            _ = try await store.score(event)
            most = max(most, store.features.unsavedBytes)
            try await store.features.active.writer.follow()
            #expect(store.features.unsavedBytes <= (1 << 20) / 4)
        }
        #expect(most > (1 << 20) / 4)
    }
}

@Suite struct WrittenBytesTests {
    @Test("bytes an event are told over enough events, and only of what was written since")
    func perEvent() {
        let written = WrittenBytes()
        #expect(written.look(events: 5, bytes: 7_000_000) == nil)
        #expect(written.look(events: 9_000, bytes: 8_000_000) == nil)
        #expect(written.perEvent == nil)
        #expect(written.look(events: 10_005, bytes: 57_000_000) == 5_000)
        #expect(written.look(events: 10_105, bytes: 99_000_000) == nil)
        #expect(written.perEvent == 5_000)
    }

    @Test("the kernel's text is read, and any other gives nothing")
    func text() {
        let text =
            "rchar: 1\nwchar: 22\nread_bytes: 0\nwrite_bytes: 4096\ncancelled_write_bytes: 9\n"
        #expect(WrittenBytes.total(in: text) == 4_096)
        for bad in [
            "", "write_bytes: ", "write_bytes: x", "write_bytes",
            "write_bytes: 99999999999999999999",
        ] {
            #expect(WrittenBytes.total(in: bad) == nil)
        }
    }
}
