import AssayMessages
import Dispatch
import FeatureEngine
import RPC
import Storage
import Synchronization
import Testing
import Wire

@testable import FeatureCore

/// Backfills that stop, that wait, and that find something amiss.
@Suite struct BackfillFailureTests {
    private static func amount(_ cents: Int64, _ row: inout AssayFeaturesV1.LogRow) {
        row.event.fields = WireMap(
            row.event.fields.map { entry in
                guard entry.key == "amount",
                    let money = Money(currency: "EUR", coefficient: cents, scale: 2)
                else { return (entry.key, entry.value) }
                return (entry.key, .amount(money))
            })
    }

    @Test("the same definitions are not made anew over states that are still being deleted")
    func again() async throws {
        let directory = TestStore.freshDirectory()
        let made = Mutex<FailingStore?>(nil)
        let store = try await TestStore(
            directory: directory, text: DefinitionChange.base(),
            log: { line in
                if line.contains("backfill: stopped") { made.withLock { $0?.fill() } }
            },
            disk: { storage in
                let disk = FailingStore(storage)
                made.withLock { $0 = disk }
                return disk
            })
        let disk = try #require(made.withLock { $0 })
        try await BackfillTests.record(store, 0..<50)
        _ = try await store.score(Payment.event("planted", cents: 1_000, card: "c3"))
        try store.changeRow(51) { Self.amount(99_999_999, &$0) }
        let grown = try DefinitionChange.grown()
        let set = try DefinitionChange.set(grown)
        try await store.apply(grown)
        #expect(try await store.backfilled()?.phase == .stopped)
        disk.fill(false)
        try store.changeRow(51) { Self.amount(1_000, &$0) }
        #expect(!(try store.generation(set.generation).isEmpty))
        let error = await #expect(throws: RPCError.self) { try await store.apply(grown) }
        #expect(error?.reason == "BACKFILL_UNDER_WAY")
        // The next sweep deletes what could not be deleted then.
        try store.features.dropOldRows()
        #expect(try store.generation(set.generation).isEmpty)
        try await store.apply(grown)
        let done = try await store.backfilled()
        #expect(done?.phase == .done, "\(done?.problem ?? "")")
        try await store.features.flush()
        let served = try store.generation(set.generation)
        store.crash()
        #expect(try await TestStore.replayed(directory, grown) == served)
    }

    @Test("states whose deletion was cut off are made from the whole log")
    func cutOff() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(directory: directory, text: DefinitionChange.base())
        try await BackfillTests.record(first, 0..<50)
        let grown = try DefinitionChange.grown()
        try await first.apply(grown)
        #expect(try await first.backfilled()?.phase == .done)
        // Its states are gone but for one, as if the process had ended in between.
        let old = try DefinitionChange.set(DefinitionChange.base()).generation
        var batch = WriteBatch()
        for key in try first.generation(old).keys.dropFirst() {
            batch.delete(key, in: .state)
            batch.delete(key, in: .trail)
        }
        batch.put(StorageKey.applied(old), StorageKey.log(0), in: .meta)
        try first.storage.write(batch, sync: true)
        first.crash()
        let second = try await TestStore(
            directory: directory, text: DefinitionChange.base(), replaces: true)
        let served = try second.generation(old)
        second.crash()
        #expect(
            try await TestStore.replayed(directory, DefinitionChange.base()) == served)
    }

    @Test("an entity that the new states lack stops it")
    func lacking() async throws {
        var backfill = BackfillConfiguration()
        let box = StoreBox()
        backfill.watch = { step in
            guard step == .met, let features = box.store?.features else { return }
            let target = try #require(features.register.state.withLock { $0.backfill?.target })
            let card = target.pipeline.keys.key(of: "bank").pid(entity: "card", key: "c3")
            let entity = try #require(target.definitions.entity(named: "card"))
            let reference = EntityReference(
                tenant: "bank", entity: entity, role: "", key: card, touches: 0)
            try target.states.holding([card]) {
                let cached = try features.state(reference, target, at: 0, before: .max)
                #expect(cached.state.version > 0)
                target.states.replace(cached, with: target.states.empty(reference))
            }
        }
        let store = try await TestStore(text: DefinitionChange.base(), backfill)
        defer { store.remove() }
        box.store = store
        defer { box.store = nil }
        try await BackfillTests.record(store, 0..<100)
        try await store.apply(try DefinitionChange.grown())
        let stopped = try #require(try await store.backfilled())
        #expect(stopped.phase == .stopped)
        #expect(stopped.problem.contains("its events end at 0 in the new states"))
    }

    @Test("an error of the disk that passes does not stop it")
    func passing() async throws {
        let directory = TestStore.freshDirectory()
        var backfill = BackfillConfiguration()
        backfill.pause = .milliseconds(1)
        let made = Mutex<FailingStore?>(nil)
        let isFirst = Atomic<Bool>(true)
        backfill.watch = { step in
            guard step == .met, isFirst.exchange(false, ordering: .relaxed) else { return }
            made.withLock { $0?.fill() }
        }
        let notices = Notices()
        let store = try await TestStore(
            directory: directory, text: DefinitionChange.base(), backfill,
            log: { line in
                notices.log(line)
                if line.contains("tries again") { made.withLock { $0?.fill(false) } }
            },
            disk: { storage in
                let disk = FailingStore(storage)
                made.withLock { $0 = disk }
                return disk
            })
        try await BackfillTests.record(store, 0..<100)
        let grown = try DefinitionChange.grown()
        try await store.apply(grown)
        let done = try await store.backfilled()
        #expect(done?.phase == .done, "\(done?.problem ?? "")")
        #expect(notices.text.contains("no space; tries again"))
        try await store.features.flush()
        let served = try store.generation(store.features.active.generation)
        store.crash()
        #expect(try await TestStore.replayed(directory, grown) == served)
    }

    @Test("events that wait for states are bounded by their size too")
    func tail() async throws {
        let store = try await TestStore(text: DefinitionChange.base())
        defer { store.remove() }
        let scoring = try await store.service.scoring(Payment.event("e1"), tenant: "bank")
        let tail = EventTail(maximumCount: 1_000, maximumBytes: 1 << 20)
        for sequence in 1...7 {
            tail.append(scoring, sequence: UInt64(sequence), bytes: 64 << 10)
        }
        #expect(!tail.isOverflown)
        #expect(tail.take(through: 4).count == 4)
        for sequence in 8...11 {
            tail.append(scoring, sequence: UInt64(sequence), bytes: 64 << 10)
        }
        #expect(!tail.isOverflown)
        tail.append(scoring, sequence: 12, bytes: 64 << 10)
        #expect(tail.isOverflown && tail.take(through: .max).isEmpty)
    }

    @Test("definitions that are not on the disk yet are not overtaken by others")
    func order() async throws {
        let directory = TestStore.freshDirectory()
        let made = Mutex<GatedStore?>(nil)
        var backfill = BackfillConfiguration()
        backfill.watch = { step in
            if step == .compared { made.withLock { $0 }?.holdNext(with: "definitions".utf8) }
        }
        let store = try await TestStore(
            directory: directory, text: DefinitionChange.base(), backfill,
            disk: { storage in
                let disk = GatedStore(storage)
                made.withLock { $0 = disk }
                return disk
            }, change: { $0.durability = .synced })
        let disk = try #require(made.withLock { $0 })
        try await BackfillTests.record(store, 0..<20)
        let grown = try DefinitionChange.grown()
        let hash = try DefinitionChange.set(grown).hash
        try await store.apply(grown)
        let under = store.features.register.state.withLock { $0.backfill }
        while store.features.definitions.hash != hash { await Task.yield() }
        let free = try DefinitionChange.free(grown)
        let error = await #expect(throws: RPCError.self) { try await store.apply(free) }
        #expect(error?.reason == "BACKFILL_UNDER_WAY")
        disk.release()
        await under?.finished()
        try await store.apply(free)
        store.crash()
        let again = try await TestStore(directory: directory, text: DefinitionChange.base())
        defer { again.remove() }
        #expect(again.features.definitions.hash == (try DefinitionChange.set(free)).hash)
    }

    private static func event(
        _ id: String, _ customer: String, _ merchant: String
    ) -> AssayFeaturesV1.Event {
        var event = Payment.event(id, customer: customer)
        event.fields = WireMap(
            event.fields.map { ($0.key, $0.value) } + [("merchant_id", .text(merchant))])
        return event
    }

    @Test(
        "what a person has in a new entity type is erased, seen only while events were doubled too")
    func erasure() async throws {
        var backfill = BackfillConfiguration()
        let box = StoreBox()
        backfill.watch = { step in
            guard step == .doubled, let store = box.store else { return }
            _ = try await store.score(Self.event("late", "p1", "own"))
            _ = try await store.score(Self.event("late2", "p1", "joint"))
        }
        let store = try await TestStore(text: DefinitionChange.base(), backfill)
        defer { store.remove() }
        box.store = store
        defer { box.store = nil }
        _ = try await store.score(Self.event("e1", "p2", "joint"))
        try await store.apply(try DefinitionChange.withMerchants())
        #expect(try await store.backfilled()?.phase == .done)
        func count(_ merchant: String) async throws -> Double {
            try await store.score(
                Self.event("probe", "p3", merchant),
                vectors: [AssayFeaturesV1.VectorRef(name: "shops", version: 1)], dryRun: true
            ).vectors[0].values[0]
        }
        #expect(try await count("own") == 1)
        _ = try await ErasedHistoryTests.erase("p1", store)
        #expect(try await count("own") == 0)
        // Somebody else uses it too.
        #expect(try await count("joint") == 2)
    }

    @Test("an erasure meanwhile knows whose the entities are that only the new definitions have")
    func erasureMeanwhile() async throws {
        let directory = TestStore.freshDirectory()
        var backfill = BackfillConfiguration()
        let box = StoreBox()
        backfill.watch = { step in
            guard step == .met, let store = box.store else { return }
            _ = try await ErasedHistoryTests.erase("p1", store)
        }
        let store = try await TestStore(
            directory: directory, text: DefinitionChange.base(), backfill)
        box.store = store
        defer { box.store = nil }
        _ = try await store.score(Self.event("e1", "p2", "joint"))
        _ = try await store.score(Self.event("e2", "p1", "joint"))
        _ = try await store.score(Self.event("e3", "p1", "own"))
        let text = try DefinitionChange.withMerchants()
        try await store.apply(text)
        let done = try await store.backfilled()
        #expect(done?.phase == .done, "\(done?.problem ?? "")")
        for (merchant, count) in [("joint", 2.0), ("own", 0)] {
            let reply = try await store.score(
                Self.event("probe", "p3", merchant),
                vectors: [AssayFeaturesV1.VectorRef(name: "shops", version: 1)], dryRun: true)
            #expect(reply.vectors[0].values == [count], "\(merchant)")
        }
        store.remove()
    }
}

/// A store in which one write waits until a test lets it go on.
final class GatedStore: KeyValueStore {
    private let store: RocksDBStore
    private let awaited = Mutex<[UInt8]?>(nil)
    private let holding = Atomic<Bool>(false)
    private let gate = DispatchSemaphore(value: 0)

    init(_ store: RocksDBStore) { self.store = store }

    /// Whether a write waits.
    var isHolding: Bool { holding.load(ordering: .acquiring) }

    /// Holds the next write that has these bytes.
    func holdNext(with bytes: some Sequence<UInt8>) { awaited.withLock { $0 = Array(bytes) } }
    func release() { gate.signal() }

    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        try store.get(key, in: family)
    }

    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        let isHeld = awaited.withLock { awaited in
            guard let wanted = awaited, batches.contains(where: { $0.bytes.contains(wanted) })
            else { return false }
            awaited = nil
            return true
        }
        if isHeld {
            holding.store(true, ordering: .releasing)
            gate.wait()
            holding.store(false, ordering: .releasing)
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
