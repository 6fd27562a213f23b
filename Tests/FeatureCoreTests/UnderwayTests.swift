import AssayMessages
import Dispatch
import FeatureEngine
import RPC
import Storage
import Synchronization
import Testing
import Wire

@testable import FeatureCore

/// A store whose writes wait while a test holds them.
final class HeldStore: KeyValueStore {
    private let store: RocksDBStore
    private let isHeld = Atomic<Bool>(false)
    private let gate = DispatchSemaphore(value: 0)

    init(_ store: RocksDBStore) { self.store = store }

    func hold() { isHeld.store(true, ordering: .releasing) }

    func letGo() {
        isHeld.store(false, ordering: .releasing)
        gate.signal()
    }

    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        try store.get(key, in: family)
    }

    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        if isHeld.load(ordering: .acquiring) {
            gate.wait()
            gate.signal()
        }
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

@Suite("Events on their way to a slow disk", .timeLimit(.minutes(2)))
struct UnderwayTests {
    private func withStore(
        _ definitions: DefinitionSet? = nil, _ body: (TestStore, HeldStore) async throws -> Void
    ) async throws {
        let held = Mutex<HeldStore?>(nil)
        let store = try await TestStore(definitions: definitions) { storage in
            let disk = HeldStore(storage)
            held.withLock { $0 = disk }
            return disk
        }
        defer { store.remove() }
        try await body(store, #require(held.withLock { $0 }))
    }

    private func receipt(
        _ event: AssayFeaturesV1.Event, _ store: TestStore
    ) async -> UnderwayReceipt {
        await store.service.receipt(for: event, isLoggedOnly: true, tenant: "bank")
    }

    @Test("events whose caller goes away before their receipts are recorded all the same")
    func abandoned() async throws {
        try await withStore { store, disk in
            disk.hold()
            for index in 0..<20 { _ = await receipt(Payment.event("e\(index)"), store) }
            #expect(store.features.inFlight.count == 20)
            let last = await receipt(Payment.event("last"), store)
            disk.letGo()
            #expect(await last.value().outcome == .logged)
            #expect(store.features.inFlight.count == 0)
            #expect(store.features.statistics.applied.load(ordering: .relaxed) == 21)
            let again = try await store.ingest((0..<20).map { Payment.event("e\($0)") })
            #expect(again.allSatisfy { $0.outcome == .duplicate })
        }
    }

    @Test("a label counts though its payment is not on the disk yet")
    func reference() async throws {
        try await withStore(LabelTests.definitions()) { store, disk in
            let tests = LabelTests()
            disk.hold()
            let payment = await receipt(try tests.payment("p1", currency: "USD"), store)
            let label = await receipt(tests.label("l1", of: "p1"), store)
            disk.letGo()
            #expect(await payment.value().outcome == .logged)
            #expect(await label.value().outcome == .logged)
            #expect(try await tests.values(store, "labels", [("terminal", "t1")]) == [1, 900])
        }
    }

    @Test("an event that two callers have put aside at once is there once")
    func setAsideTwice() async throws {
        try await withStore(EventFixture.definitions) { store, disk in
            let event = EventFixture.payment("e1", at: EventFixture.now + 60_000)
            disk.hold()
            let first = Task { try await store.score(event, vectors: []).receipt.outcome }
            while store.features.inFlight.count == 0 { await Task.yield() }
            let second = await #expect(throws: RPCError.self) {
                // Known to no log, so it gets as far as the id.
                _ = try await store.score(event, vectors: [])
            }
            #expect(second?.reason == "EVENT_IN_FLIGHT")
            disk.letGo()
            let outcomes = [
                try await first.value,
                try await store.score(event, vectors: []).receipt.outcome,
            ]
            #expect(outcomes == [.quarantined, .quarantined])
            #expect(store.features.waitingEvents == 1)
        }
    }
}

@Suite struct RetryTests {
    @Test("a retry that would come too late by now gets what was said of the event")
    func late() async throws {
        let store = try await TestStore(definitions: EventFixture.definitions)
        defer { store.remove() }
        let vector = AssayFeaturesV1.VectorRef(name: "card_small", version: 1)
        let event = EventFixture.payment("e1")
        _ = try await store.score(EventFixture.payment("e0"), vectors: [vector])
        let first = try await store.score(event, vectors: [vector])
        #expect(first.receipt.outcome == .applied)
        store.clock.set(7.5 * 86_400)
        let again = try await store.score(event, vectors: [vector])
        #expect(again.receipt.outcome == .duplicate)
        #expect(again.vectors == first.vectors)
        var other = event
        other.fields["mcc"] = .text("9999")
        let error = await #expect(throws: RPCError.self) {
            _ = try await store.score(other, vectors: [vector])
        }
        #expect(error?.code == .alreadyExists)
        let new = try await store.score(EventFixture.payment("e2"), vectors: [vector])
        #expect(new.receipt.outcome == .quarantined)
        #expect(store.features.waitingEvents == 1)
    }

    @Test("what is asked for again, or for trial, does not count as served once more")
    func statistics() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        _ = try await store.score(Payment.event("e1"))
        _ = try await store.score(Payment.event("e1"))
        _ = try await store.score(Payment.event("e2"), dryRun: true)
        let counted = store.features.pipeline.quality.recorder.take()
        #expect(counted.values.map(\.vectors) == [1])
    }

    @Test("an event that fails under definitions that came meanwhile is to be sent again")
    func newDefinitions() async throws {
        let store = try await TestStore(definitions: LabelTests.definitions())
        defer { store.remove() }
        let payment = try LabelTests().payment("p1")
        let scoring = try await store.service.scoring(payment, tenant: "bank")
        let stricter = try DefinitionCompiler.compile([
            try DefinitionParser.parse(
                LabelTests.text.replacing("max_late: 400d", with: "max_late: 1m"),
                file: "test.yaml")
        ])
        let features = store.features
        features.definitionsInForce.replace(with: features.active.following(stricter))
        let error = await #expect(throws: RPCError.self) { _ = try await features.begin(scoring) }
        #expect(error?.reason == "DEFINITIONS_CHANGED")
        #expect(features.inFlight.count == 0)
        #expect(try await store.ingest([payment]).map(\.outcome) == [.quarantined])
    }
}
