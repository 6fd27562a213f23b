import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import RPC
import Storage
import Synchronization
import Testing
import Wire

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
        disk.fill()
        let refused = try await score("e2")
        #expect(refused.receipt.outcome == .notRecorded)
        #expect(refused.vectors.first?.degraded == true)
        disk.fill(false)
        let reply = try await score("e2")
        #expect(reply.receipt.outcome == .applied)
        #expect(reply.vectors.first?.value("card_txn_cnt_24h") == 1)
        #expect(try await score("e3").vectors.first?.value("card_txn_cnt_24h") == 2)
        try await features.close()
    }
}
