import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Storage
import Synchronization
import Testing
import Wire

@testable import FeatureCore

/// A store whose disk is full from the moment a test says so.
final class FailingStore: KeyValueStore {
    private let store: RocksDBStore
    private let isFull = Atomic<Bool>(false)

    init(_ store: RocksDBStore) { self.store = store }

    func fill(_ isFull: Bool = true) { self.isFull.store(isFull, ordering: .releasing) }

    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        try store.get(key, in: family)
    }

    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        guard !isFull.load(ordering: .acquiring) else { throw StorageError(.full, "no space") }
        try store.write(batches, sync: sync)
    }

    func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try store.scan(family, range, reversed: reversed, body)
    }

    func close() { store.close() }
}

@Suite struct FailingDiskTests {
    @Test("when the disk is full nothing is acknowledged, and no value is made up")
    func full() async throws {
        let directory = TestStore.freshDirectory()
        let disk = FailingStore(
            try RocksDBStore(directory: directory, families: EmbeddedFeatureStore.families))
        var configuration = FeatureStoreConfiguration()
        configuration.masterKey = TestStore.masterKey
        let features = try await EmbeddedFeatureStore.open(
            disk, definitions: Shipped.definitions(), configuration: configuration,
            clock: { TestStore.now })
        let service = FeatureService(features)
        let context = ServerContext(
            method: AssayFeaturesV1.FeatureStore.scoreEvent,
            caller: Caller(tenant: "bank", client: "test"))
        func score(_ id: String) async throws -> AssayFeaturesV1.ScoreEventResponse {
            try await service.scoreEvent(
                AssayFeaturesV1.ScoreEventRequest(
                    event: Payment.event(id), vectors: [Payment.vector]), context: context)
        }
        #expect(try await score("e1").receipt.outcome == .applied)
        disk.fill()
        for id in ["e2", "e3"] {
            let reply = try await score(id)
            #expect(reply.receipt.outcome == .notRecorded)
            #expect(reply.receipt.durability == .unspecified)
            #expect(reply.receipt.problems.map(\.rule) == ["store_down"])
            let vector = try #require(reply.vectors.first)
            #expect(vector.degraded)
            #expect(vector.kind("card_txn_cnt_24h") == .unavailable)
            #expect(vector.kind("amount") == .present)
        }
        await #expect(throws: StorageError.self) { try await features.flush() }
        disk.close()

        let again = try await TestStore(directory: directory)
        defer { again.remove() }
        let reply = try await again.score(Payment.event("e2"))
        #expect(reply.receipt.outcome == .applied)
        #expect(reply.vectors.first?.value("card_txn_cnt_24h") == 1)
    }

    @Test("where events are only written, a disk that has room again is used again")
    func fullForAWhile() async throws {
        let directory = TestStore.freshDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let disk = FailingStore(
            try RocksDBStore(directory: directory, families: EmbeddedFeatureStore.families))
        var configuration = FeatureStoreConfiguration()
        configuration.durability = .written
        configuration.masterKey = TestStore.masterKey
        let features = try await EmbeddedFeatureStore.open(
            disk, definitions: Shipped.definitions(), configuration: configuration,
            clock: { TestStore.now })
        let service = FeatureService(features)
        let context = ServerContext(
            method: AssayFeaturesV1.FeatureStore.scoreEvent,
            caller: Caller(tenant: "bank", client: "test"))
        func score(_ id: String) async throws -> AssayFeaturesV1.ScoreEventResponse {
            try await service.scoreEvent(
                AssayFeaturesV1.ScoreEventRequest(
                    event: Payment.event(id), vectors: [Payment.vector]), context: context)
        }
        #expect(try await score("e1").receipt.outcome == .applied)
        _ = try await service.scoreEvent(
            AssayFeaturesV1.ScoreEventRequest(event: other("alone")), context: context)
        disk.fill()
        let refused = try await score("e2")
        #expect(refused.receipt.outcome == .notRecorded)
        #expect(refused.receipt.problems.map(\.message) == ["the disk of the store is full"])
        #expect(refused.vectors.first?.value("card_txn_cnt_24h") == 1)
        #expect(refused.vectors.first?.flags("card_txn_cnt_24h") == .incomplete)
        try await features.ifPossible { try await features.flush() }
        #expect(features.failures.count(.flush) == 1)
        disk.fill(false)
        let reply = try await score("e2")
        #expect(reply.receipt.outcome == .applied)
        #expect(reply.vectors.first?.value("card_txn_cnt_24h") == 1)
        #expect(try await score("e3").vectors.first?.value("card_txn_cnt_24h") == 2)
        #expect(!features.isRefusing)
        // What a flush could not store, the next one does, and only then counts as stored.
        try await features.flush()
        disk.close()
        let again = try await TestStore(directory: directory)
        #expect(again.features.statistics.recovered.load(ordering: .relaxed) == 0)
        let last = try await again.score(Payment.event("e4"))
        #expect(last.vectors.first?.value("card_txn_cnt_24h") == 3)
        let alone = try await again.vector([("card", "c2")]).vector
        #expect(alone.value("card_txn_cnt_24h") == 1)
        try await again.features.close()
    }

    private func withStore(
        directory: String = TestStore.freshDirectory(), isFull: Bool = false,
        _ body: (TestStore, FailingStore) async throws -> Void
    ) async throws {
        let made = Mutex<FailingStore?>(nil)
        let store = try await TestStore(directory: directory) { storage in
            let disk = FailingStore(storage)
            disk.fill(isFull)
            made.withLock { $0 = disk }
            return disk
        }
        defer { store.remove() }
        try await body(store, #require(made.withLock { $0 }))
    }

    private func other(_ id: String) -> AssayFeaturesV1.Event {
        Payment.event(id, card: "c2", customer: "p2", account: "a2", terminal: "t2")
    }

    @Test("a full disk stops events, not reads: they say what they may lack, until there is room")
    func reads() async throws {
        try await withStore { store, disk in
            _ = try await store.score(Payment.event("e1"))
            _ = try await store.score(other("e2"))
            disk.fill()
            #expect(try await store.score(other("e3")).receipt.outcome == .notRecorded)
            #expect(store.features.isRefusing)
            let sure = try await store.vector([("card", "c1")]).vector
            #expect(sure.value("card_txn_cnt_24h") == 1)
            #expect(sure.flags("card_txn_cnt_24h") == .incomplete)
            let unsure = try await store.vector([("card", "c2")]).vector
            #expect(unsure.kind("card_txn_cnt_24h") == .unavailable)
            let refused = try await store.score(Payment.event("e4"))
            #expect(refused.receipt.outcome == .notRecorded)
            #expect(refused.vectors.first?.value("card_txn_cnt_24h") == 1)
            #expect(refused.vectors.first?.degraded == false)
            try await store.features.ifPossible { try await store.features.flush() }
            disk.fill(false)
            // Now the store can be opened anew, from its log.
            let end = await #expect(throws: StorageError.self) {
                try await store.features.ifPossible { try await store.features.flush() }
            }
            #expect(end?.code == .full)
        }
    }

    @Test("a store opens on a full disk, and is read")
    func opening() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(directory: directory)
        for index in 0..<5 { _ = try await first.score(Payment.event("e\(index)")) }
        first.crash()
        try await withStore(directory: directory, isFull: true) { store, _ in
            let vector = try await store.vector([("card", "c1")]).vector
            #expect(vector.value("card_txn_cnt_24h") == 5)
            #expect(vector.flags("card_txn_cnt_24h") == [])
            let refused = try await store.score(Payment.event("e5"))
            #expect(refused.receipt.outcome == .notRecorded)
            #expect(refused.vectors.first?.value("card_txn_cnt_24h") == 5)
            #expect(try await store.score(Payment.event("e4")).receipt.outcome == .duplicate)
        }
    }
}

@Suite struct StoreFailureTests {
    @Test("a subject whose key is damaged is told so, and the operator is told once a minute")
    func damagedKey() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(
            directory: directory, definitions: EventFixture.definitions)
        _ = try await first.score(EventFixture.payment("e1"), vectors: [])
        var batch = WriteBatch()
        for row in try first.rows("subject") {
            batch.put(row.key, row.value.map { $0 ^ 1 }, in: "subject")
        }
        try first.storage.write(batch, sync: true)
        try await first.features.close()
        let told = Mutex<[String]>([])
        var configuration = FeatureStoreConfiguration()
        configuration.reportFailure = { line in told.withLock { $0.append(line) } }
        let store = try await TestStore(
            directory: directory, definitions: EventFixture.definitions,
            configuration: configuration)
        defer { store.remove() }
        for id in ["e2", "e3", "e4"] {
            let receipt = try await store.score(EventFixture.payment(id), vectors: []).receipt
            #expect(receipt.outcome == .notRecorded)
            #expect(receipt.problems.map(\.rule) == ["key_damaged"])
        }
        #expect(store.features.failures.count(.seal) == 3)
        #expect(told.withLock(\.count) == 1)
        store.clock.set(61)
        _ = try await store.score(EventFixture.payment("e5"), vectors: [])
        #expect(told.withLock { $0 }.last?.contains("3 times") == true)
    }

    @Test("a clock that jumps ahead lets go of a day's rows an hour, and is reported")
    func clockAhead() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(directory: directory)
        for index in 0..<20 { _ = try await first.score(Payment.event("e\(index)")) }
        try await first.features.close()
        let told = Mutex<[String]>([])
        var configuration = FeatureStoreConfiguration()
        configuration.reportFailure = { line in told.withLock { $0.append(line) } }
        let store = try await TestStore(
            directory: directory, configuration: configuration,
            now: Payment.time(730 * 86_400))
        defer { store.remove() }
        for _ in 0..<5 { store.features.sweep(isHour: true) }
        try store.storage.compact("log")
        #expect(try store.storage.rows("log", limit: 100).count == 20)
        #expect(try await store.score(Payment.event("e1")).receipt.outcome == .duplicate)
        #expect(told.withLock { $0 }.first?.contains("days ahead") == true)
        // Set right again.
        store.clock.set(3_600)
        store.features.sweep(isHour: true)
        #expect(try await store.score(Payment.event("e2")).vectors.count == 1)
        // Time that really passes does let go of them.
        store.clock.set(730 * 86_400)
        for _ in 0..<402 { store.features.sweep(isHour: true) }
        try store.storage.compact("log")
        #expect(try store.storage.rows("log", limit: 100).isEmpty)
    }

    @Test("a damaged row of the log does not stop the sweep")
    func damagedRow() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        for index in 0..<20 { _ = try await store.score(Payment.event("e\(index)")) }
        var batch = WriteBatch()
        for row in try store.rows("log").dropFirst(5).prefix(10) {
            batch.put(row.key, [1, 2, 3], in: "log")
        }
        try store.storage.write(batch, sync: true)
        store.clock.set(401 * 86_400)
        _ = try await store.score(Payment.event("new", offset: 401 * 86_400))
        try store.features.dropOldRows()
        try store.storage.compact("log")
        #expect(try store.storage.rows("log", limit: 100).count == 1)
    }
}
