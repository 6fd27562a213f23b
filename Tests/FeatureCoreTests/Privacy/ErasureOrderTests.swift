import AssayMessages
import FeatureEngine
import RPC
import Storage
import Synchronization
import Testing
import Wire

@testable import FeatureCore

/// Erasures beside other erasures, beside live events, and of what people share.
@Suite struct ErasureOrderTests {
    private typealias History = ErasedHistoryTests

    private func score(
        _ event: AssayFeaturesV1.Event, _ store: TestStore
    ) async throws -> AssayFeaturesV1.Receipt {
        try await store.score(event, vectors: []).receipt
    }

    @Test("what somebody else uses too keeps its state, and is the erased person's no longer")
    func shared() async throws {
        let directory = TestStore.freshDirectory()
        let store = try await TestStore(directory: directory, definitions: History.definitions)
        for (index, customer) in ["anna", "berta", "anna"].enumerated() {
            _ = try await score(
                History.payment("p\(index)", customer, account: "joint"), store)
        }
        _ = try await score(History.payment("p3", "anna", account: "her own"), store)
        let proof = try await History.erase("anna", store)
        #expect(proof.shared == 1 && proof.rows == 3)
        for (account, count) in [("joint", 3.0), ("her own", 0)] {
            #expect(try await History.own([("account", account)], store)[2] == count)
        }
        #expect(try await History.own([("customer", "anna")], store)[0] == 0)
        #expect(try await History.own([("customer", "berta")], store)[0] == 1)
        for (entity, key) in [("customer", "anna"), ("account", "her own")] {
            let pid = History.pid(entity, key, store)
            #expect(try History.families(with: pid.bytes, store).isEmpty, "\(key)")
        }
        // A retry of the other's payment still gets what it got.
        #expect(
            try await score(History.payment("p1", "berta", account: "joint"), store).outcome
                == .duplicate)
        try await History.dropStates(store)
        store.crash()
        let again = try await TestStore(directory: directory, definitions: History.definitions)
        defer { again.remove() }
        #expect(try await History.own([("account", "joint")], again)[2] == 3)
        // Nobody is left who shares it.
        #expect(try await History.erase("berta", again, request: "r2").shared == 0)
        #expect(try await History.own([("account", "joint")], again)[2] == 0)
    }

    @Test("two erasures at once both last")
    func together() async throws {
        let store = try await TestStore(definitions: History.definitions)
        defer { store.remove() }
        for index in 0..<200 {
            _ = try await score(History.transfer("t\(index)", "anna", "berta"), store)
        }
        async let first = History.erase("anna", store, request: "r1")
        async let second = History.erase("berta", store, request: "r2")
        #expect(try await first.rows == 200)
        #expect(try await second.rows == 200)
        for name in ["anna", "berta"] {
            for (entity, key) in [("customer", name), ("account", "account of \(name)")] {
                let pid = History.pid(entity, key, store)
                #expect(try History.families(with: pid.bytes, store).isEmpty, "\(key)")
            }
        }
    }

    @Test("events that come while their subject is erased are refused, and nothing of it is left")
    func live() async throws {
        let directory = TestStore.freshDirectory()
        let made = Mutex<GatedStore?>(nil)
        var configuration = FeatureStoreConfiguration()
        configuration.durability = .written
        let store = try await TestStore(
            directory: directory, definitions: History.definitions, configuration: configuration
        ) { storage in
            let disk = GatedStore(storage)
            made.withLock { $0 = disk }
            return disk
        }
        let disk = try #require(made.withLock { $0 })
        for index in 0..<300 { _ = try await score(History.payment("p\(index)", "anna"), store) }
        #expect(try await History.shared(store).values[0] == 300)
        disk.holdNext(with: Hash.sha256("r1").prefix(16))
        async let proof = History.erase("anna", store, request: "r1")
        while !disk.isHolding { await Task.yield() }
        for index in 0..<20 {
            let error = await #expect(throws: RPCError.self) {
                try await score(History.payment("h\(index)", "anna"), store)
            }
            #expect(error?.code == .aborted && error?.reason == "ERASURE")
            // Others go on.
            _ = try await score(History.payment("b\(index)", "berta"), store)
        }
        disk.release()
        let recorded = await withTaskGroup(of: [UInt64].self) { group in
            for caller in 0..<4 {
                group.addTask {
                    var sequences: [UInt64] = []
                    for index in 0..<200 {
                        let event = History.payment("l\(caller)-\(index)", "anna")
                        while true {
                            do {
                                sequences.append(try await score(event, store).sequence)
                                break
                            } catch let error as RPCError where error.reason == "ERASURE" {
                                await Task.yield()
                            } catch {
                                Issue.record(error)
                                break
                            }
                        }
                    }
                    return sequences
                }
            }
            return await group.reduce(into: [UInt64]()) { $0 += $1 }
        }
        #expect(recorded.count == 800)
        let erased = try await proof
        #expect(erased.rows == 300)
        let pid = History.pid("customer", "anna", store)
        try await store.features.flush()
        let left = try store.rows("log").filter { $0.value.contains(pid.bytes) }
            .compactMap { StorageKey.sequence($0.key) }
        // What came later belongs to somebody new.
        #expect(left.sorted() == recorded.sorted())
        #expect(try await History.shared(store).values[0] == Double(320 + recorded.count))
        #expect(
            try await History.own([("customer", "anna")], store)[0] == Double(left.count))
        store.crash()
        let again = try await TestStore(directory: directory, definitions: History.definitions)
        defer { again.remove() }
        var (rows, partial) = (0, 0)
        try again.features.log.scan(after: 0) { row in
            rows += 1
            if row.isPartial { partial += 1 }
            return true
        }
        #expect(rows == 320 + recorded.count && partial == 300)
    }

    @Test("what was read before an erasure is not recorded after it")
    func late() async throws {
        let store = try await TestStore(definitions: History.definitions)
        defer { store.remove() }
        _ = try await score(History.payment("p0", "anna", mail: "a@b.example"), store)
        let label = try await store.service.scoring(
            History.outcome("o0", of: "p0"), tenant: "bank")
        _ = try await History.erase("anna", store)
        let error = await #expect(throws: RPCError.self) {
            _ = try await store.service.begin(label).response()
        }
        #expect(error?.code == .aborted)
        // Asked again it takes over what is left.
        #expect(try await score(History.outcome("o0", of: "p0"), store).outcome == .applied)
        let pid = History.pid("customer", "anna", store)
        #expect(try History.families(with: pid.bytes, store).isEmpty)
    }

    @Test("a digest of content or a proof tells nobody whose it is")
    func digests() async throws {
        let store = try await TestStore(definitions: History.definitions)
        defer { store.remove() }
        let event = History.payment("p0", "anna")
        _ = try await score(event, store)
        #expect(try History.families(with: Hash.sha256(event.encoded()), store).isEmpty)
        _ = try await History.erase("anna", store)
        let pid = History.pid("customer", "anna", store)
        #expect(try History.families(with: pid.bytes, store).isEmpty)
        // Another tenant's digest of the same content is another.
        let keys = store.features.pipeline.keys
        #expect(
            keys.key(of: "a").digest(of: event.encoded())
                != keys.key(of: "b").digest(of: event.encoded()))
    }

    @Test("an event kept aside is dropped with a subject that only a part of a key names")
    func keptAside() async throws {
        let store = try await TestStore(definitions: History.definitions)
        defer { store.remove() }
        var event = History.payment("p0", "anna")
        event.time = EventFixture.time(EventFixture.now + 60_000)
        #expect(try await score(event, store).outcome == .quarantined)
        #expect(try await History.erase("anna", store).quarantined == 1)
        #expect(store.features.waitingEvents == 0)
    }
}

@Suite struct RecentTableTests {
    @Test("a full table keeps at least its newer half, and what was used")
    func halves() {
        var table = RecentTable<Int, String>(100)
        for index in 0..<1_000 {
            table[index] = "\(index)"
            _ = table[7]
            for recent in max(0, index - 98)...index { #expect(table[recent] == "\(recent)") }
        }
        #expect(table[7] == "7")
        #expect(table[500] == nil)
        #expect(table.count <= 200)
        table[999] = nil
        #expect(table[999] == nil)
        table.change(998) { $0 = "changed" }
        #expect(table[998] == "changed")
        table.change(1) { _ in Issue.record("is not there") }
    }
}
