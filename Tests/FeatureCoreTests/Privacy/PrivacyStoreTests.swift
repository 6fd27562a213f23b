import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Storage
import Testing
import Wire

@testable import FeatureCore

/// What a store keeps of people, and what is left of them when they are erased.
@Suite struct PrivacyStoreTests {
    private static let vector = AssayFeaturesV1.VectorRef(name: "card_small", version: 1)

    private func withStore(
        _ directory: String = TestStore.freshDirectory(), key: MasterKey? = TenantKeyTests.master,
        _ body: (TestStore) async throws -> Void
    ) async throws {
        var configuration = FeatureStoreConfiguration()
        configuration.masterKey = key
        let store = try await TestStore(
            directory: directory, definitions: EventFixture.definitions,
            configuration: configuration)
        defer { store.remove() }
        try await body(store)
    }

    private func payment(
        _ id: String, card: String = "card-1", customer: String = "customer-1",
        terminal: String = "terminal-1"
    ) -> AssayFeaturesV1.Event {
        var fields = EventFixture.fields
        fields["card_id"] = .text(card)
        fields["customer_id"] = .text(customer)
        fields["account_id"] = .text("account of \(customer)")
        fields["terminal_id"] = .text(terminal)
        return EventFixture.payment(id, at: EventFixture.now, fields)
    }

    private func score(
        _ event: AssayFeaturesV1.Event, _ store: TestStore
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        try await store.score(event, vectors: [Self.vector])
    }

    private func read(
        _ keys: [(String, String)], _ store: TestStore
    ) async throws -> AssayFeaturesV1.Vector {
        try await store.service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: Self.vector, keys: WireMap(keys), time: TestStore.now),
            context: store.context()
        ).vector
    }

    private func erase(
        _ customer: String, _ store: TestStore, request: String = "r1"
    ) async throws -> AssayFeaturesV1.ErasureProof {
        let response = try await store.service.eraseSubject(
            AssayFeaturesV1.EraseSubjectRequest(
                requestID: request, entity: "customer", key: [customer], reason: "asked for"),
            context: store.context())
        return try SealedRecord.open(response.proof)
    }

    /// Families in which a text stands anywhere.
    private func families(with text: String, _ store: TestStore) throws -> Set<String> {
        let bytes = Array(text.utf8)
        var found: Set<String> = []
        for family in EmbeddedFeatureStore.families {
            for row in try store.rows(family)
            where row.key.contains(bytes) || row.value.contains(bytes) {
                found.insert(family.name)
            }
        }
        return found
    }

    private static let names = [
        "card-1", "customer-1", "account of customer-1", "account-2", "Jane",
    ]

    @Test("no row of any family has a key or a personal field in clear")
    func sealed() async throws {
        try await withStore { store in
            _ = try await score(payment("e1"), store)
            _ = try await score(EventFixture.outcome("declined", of: "e1"), store)
            var late = payment("e2")
            late.time = EventFixture.time(EventFixture.now + 60_000)
            #expect(try await score(late, store).receipt.outcome == .quarantined)
            try await store.features.flush()
            for name in Self.names { #expect(try families(with: name, store).isEmpty, "\(name)") }
            // What is nobody's stays readable.
            #expect(try families(with: "terminal-1", store) == ["log"])
            #expect(try families(with: "shop", store) == ["log"])
        }
    }

    @Test("after a crash rows are read with their personal fields, and states are the same")
    func recovery() async throws {
        let directory = TestStore.freshDirectory()
        var configuration = FeatureStoreConfiguration()
        configuration.masterKey = TenantKeyTests.master
        let first = try await TestStore(
            directory: directory, definitions: EventFixture.definitions,
            configuration: configuration)
        for index in 0..<20 { _ = try await score(payment("e\(index)"), first) }
        let before = try await read([("card", "card-1"), ("customer", "customer-1")], first)
        first.crash()
        try await withStore(directory) { store in
            let after = try await read([("card", "card-1"), ("customer", "customer-1")], store)
            #expect(after == before)
            #expect(after.values.prefix(2) == [20, 20 * 4_995])
            let again = try await score(payment("e3"), store)
            #expect(again.receipt.outcome == .duplicate)
            var other = payment("e4")
            other.fields["card_id"] = .text("card-2")
            let error = await #expect(throws: RPCError.self) { try await score(other, store) }
            #expect(error?.message.contains("/event/fields/card_id") == true)
        }
    }

    @Test("a store opens with its own master key only")
    func masterKey() async throws {
        let directory = TestStore.freshDirectory()
        let storage = try RocksDBStore(
            directory: directory, families: EmbeddedFeatureStore.families)
        defer {
            storage.close()
            try? FileManager.default.removeItem(atPath: directory)
        }
        #expect(
            try StoreKey.open(storage, given: TenantKeyTests.master).hex
                == TenantKeyTests.master.hex)
        #expect(throws: StorageError.self) { try StoreKey.open(storage, given: .random()) }
        #expect(throws: StorageError.self) { try StoreKey.open(storage, given: nil) }
        #expect(
            !(try storage.rows("meta", limit: 10)).contains {
                $0.value.contains(TenantKeyTests.master.bytes)
            })
    }

    @Test("a store without a given master key keeps one of its own")
    func ownKey() async throws {
        let directory = TestStore.freshDirectory()
        let storage = try RocksDBStore(
            directory: directory, families: EmbeddedFeatureStore.families)
        defer {
            storage.close()
            try? FileManager.default.removeItem(atPath: directory)
        }
        let made = try StoreKey.open(storage, given: nil)
        #expect(try StoreKey.open(storage, given: nil).hex == made.hex)
    }

    @Test("a label takes over the keys and fields of what it refers to, wherever it arrives")
    func labels() async throws {
        try await withStore { store in
            let early = try await score(EventFixture.outcome("declined", of: "e1"), store)
            #expect(early.receipt.outcome == .quarantined)
            #expect(early.receipt.problems.map(\.rule) == ["refers_to"])
            #expect(early.receipt.problems.map(\.policy) == [.quarantine])
            _ = try await score(payment("e1"), store)
            let label = try await score(EventFixture.outcome("declined", of: "e1"), store)
            #expect(label.receipt.outcome == .applied)
            let terminal = try await read([("terminal", "terminal-1")], store)
            #expect(terminal.values[2] == 4_995)
        }
    }

    @Test("an erased subject is in no row, key or reply, and others' features stay as they are")
    func erasure() async throws {
        let directory = TestStore.freshDirectory()
        var configuration = FeatureStoreConfiguration()
        configuration.masterKey = TenantKeyTests.master
        let first = try await TestStore(
            directory: directory, definitions: EventFixture.definitions,
            configuration: configuration)
        for index in 0..<5 {
            _ = try await score(payment("a\(index)"), first)
            _ = try await score(
                payment("b\(index)", card: "card-9", customer: "customer-9"), first)
        }
        _ = try await score(EventFixture.outcome("declined", of: "a1"), first)
        var late = payment("late")
        late.time = EventFixture.time(EventFixture.now + 60_000)
        _ = try await score(late, first)
        let others: [[(String, String)]] = [
            [("card", "card-9"), ("customer", "customer-9")], [("terminal", "terminal-1")],
        ]
        var before: [AssayFeaturesV1.Vector] = []
        for keys in others { before.append(try await read(keys, first)) }

        let proof = try await erase("customer-1", first)
        #expect(proof.rows == 6)
        #expect(proof.entities == 4)
        #expect(proof.states >= 3)
        #expect(proof.quarantined == 1)
        #expect(proof.keys >= 1)
        #expect(try await erase("customer-1", first) == proof)
        let pid = first.features.pipeline.keys.key(of: "bank")
            .pid(entity: "customer", key: "customer-1")
        for family in EmbeddedFeatureStore.families where family != .erasure {
            #expect(
                !(try first.rows(family)).contains {
                    $0.key.contains(pid.bytes) || $0.value.contains(pid.bytes)
                }, "\(family)")
        }
        for keys in [[("card", "card-1")], [("customer", "customer-1")]] {
            let gone = try await read(keys, first)
            #expect(gone.values[0] == 0)
        }
        for (keys, vector) in zip(others, before) {
            #expect(try await read(keys, first) == vector)
        }
        first.crash()
        try await withStore(directory) { store in
            for (keys, vector) in zip(others, before) {
                #expect(try await read(keys, store) == vector)
            }
            var rows = 0
            try store.features.log.scan(after: 0) { row in
                let texts = row.event.fields.compactMap {
                    if case .text(let text) = $0.value { text } else { nil }
                }
                #expect(!texts.contains("card-1") && !texts.contains("customer-1"))
                if texts.contains("card-9") { rows += 1 }
                return true
            }
            #expect(rows == 5)
            // The subject may come back, as somebody new.
            _ = try await score(payment("new"), store)
            #expect(try await read([("card", "card-1")], store).values[0] == 1)
        }
    }

    @Test("the key of an erased subject is in no file of the store, nor is an event kept aside")
    func files() async throws {
        let directory = TestStore.freshDirectory()
        var configuration = FeatureStoreConfiguration()
        configuration.masterKey = TenantKeyTests.master
        let store = try await TestStore(
            directory: directory, definitions: EventFixture.definitions,
            configuration: configuration)
        defer { store.remove() }
        for customer in ["customer-1", "customer-9"] {
            for index in 0..<20 {
                let card = "card of \(customer)"
                _ = try await score(
                    payment("\(customer)-\(index)", card: card, customer: customer), store)
            }
        }
        var late = payment("late")
        late.time = EventFixture.time(EventFixture.now + 60_000)
        #expect(try await score(late, store).receipt.outcome == .quarantined)
        func wrapped(_ customer: String) throws -> [UInt8] {
            let pid = store.features.pipeline.keys.key(of: "bank").pid(
                entity: "customer", key: customer)
            return try #require(
                try store.storage.get(StorageKey.subject(pid, tenant: "bank"), in: .subject))
        }
        let (erased, other) = (try wrapped("customer-1"), try wrapped("customer-9"))
        let row = try #require(
            try store.rows(.quarantine).map(\.value).max { $0.count < $1.count })
        let aside = Array(row.suffix(32))
        // In the write-ahead log, and once more in the files of the family.
        #expect(try Self.files(with: erased, in: directory).count == 1)
        try store.storage.compact(.subject)
        try store.storage.compact(.quarantine)
        #expect(try Self.files(with: erased, in: directory).count == 2)
        #expect(try Self.files(with: aside, in: directory).count == 2)

        #expect(try await erase("customer-1", store).quarantined == 1)
        try await store.features.close()
        #expect(try Self.files(with: erased, in: directory) == [])
        #expect(try Self.files(with: aside, in: directory) == [])
        #expect(try Self.files(with: other, in: directory).count >= 1)
    }

    /// Names of the files of a directory in which the bytes stand.
    private static func files(with bytes: [UInt8], in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { name in
            let file = URL(filePath: directory).appending(path: name)
            return try Data(contentsOf: file).range(of: Data(bytes)) != nil
        }
    }

    @Test("an old copy of the log under a destroyed key stays closed")
    func backups() async throws {
        try await withStore { store in
            _ = try await score(payment("e1"), store)
            let copy = try #require(try store.rows("log").first)
            _ = try await erase("customer-1", store)
            try store.storage.write(
                [
                    {
                        var batch = WriteBatch()
                        batch.put(copy.key, copy.value, in: "log")
                        return batch
                    }()
                ],
                sync: false)
            let row = try #require(try store.features.log.row(1))
            #expect(row.event.fields["card_id"] == nil)
            #expect(row.event.fields["location"] == nil)
            #expect(row.event.fields["merchant_id"] == .text("shop"))
            // Restored, it is erased again by another request.
            #expect(try await erase("customer-1", store, request: "r2").keys == 0)
        }
    }

    @Test("a hold forbids erasure with its reason, until it ends")
    func hold() async throws {
        try await withStore { store in
            _ = try await score(payment("e1"), store)
            func hold(_ reason: String) async throws {
                _ = try await store.service.holdSubject(
                    AssayFeaturesV1.HoldSubjectRequest(
                        entity: "customer", key: ["customer-1"], reason: reason),
                    context: store.context())
            }
            try await hold("case 17")
            let error = await #expect(throws: RPCError.self) {
                try await erase("customer-1", store)
            }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message.contains("case 17") == true)
            #expect(try await read([("card", "card-1")], store).values[0] == 1)
            try await hold("")
            #expect(try await erase("customer-1", store).rows == 1)
            let audit = AuditLog(store: store.storage)
            #expect(
                Set(try audit.entries(tenant: "bank", limit: 10).map(\.action))
                    == ["hold", "end_hold", "erase"])
        }
    }

    @Test("only what is its own subject can be erased, by its whole key")
    func orders() async throws {
        try await withStore { store in
            for (entity, key) in [
                ("card", ["card-1"]), ("customr", ["c"]), ("customer", ["a", "b"]),
            ] {
                let error = await #expect(throws: RPCError.self) {
                    _ = try await store.service.eraseSubject(
                        AssayFeaturesV1.EraseSubjectRequest(
                            requestID: "r", entity: entity, key: key, reason: "asked for"),
                        context: store.context())
                }
                #expect(error?.code == .invalidArgument)
            }
            // One who is not known has nothing, and a proof of it.
            let proof = try await erase("stranger", store)
            #expect(proof.rows == 0 && proof.states == 0)
            let error = await #expect(throws: RPCError.self) {
                try await erase("another stranger", store)
            }
            #expect(error?.code == .alreadyExists)
        }
    }
}
