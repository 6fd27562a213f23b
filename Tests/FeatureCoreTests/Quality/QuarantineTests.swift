import AssayMessages
import Foundation
import Storage
import Testing
import Wire

@testable import FeatureCore

@Suite struct QuarantineTests {
    private func withStore(_ body: (RocksDBStore) throws -> Void) throws {
        let directory = TestStore.freshDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try RocksDBStore(directory: directory, families: ["quarantine"])
        defer { store.close() }
        try body(store)
    }

    private let keys = TenantKeys(TenantKeyTests.master)

    private func row(
        _ id: String, tenant: String = "bank", at seconds: Int64 = 1_000, cents: Int64 = 5
    ) -> AssayFeaturesV1.QuarantineRow {
        AssayFeaturesV1.QuarantineRow(
            tenant: tenant, event: Payment.event(id, cents: cents, card: "secret-card"),
            received: Timestamp(seconds: seconds) ?? .blank(),
            problems: [
                AssayFeaturesV1.Problem(rule: "future", path: "/event/time", message: "late")
            ])
    }

    private func add(
        _ rows: [AssayFeaturesV1.QuarantineRow], _ quarantine: Quarantine, _ store: RocksDBStore
    ) throws {
        for row in rows {
            var batch = WriteBatch()
            #expect(try quarantine.add(row, to: &batch))
            try store.write(batch, sync: false)
        }
    }

    private func ids(
        _ quarantine: Quarantine, tenant: String = "bank", after: QuarantineKey? = nil,
        now: Int64 = 2_000_000
    ) throws -> [String] {
        var ids: [String] = []
        try quarantine.scan(tenant: tenant, after: after, now: now) {
            ids.append($0.row.event.id)
            return true
        }
        return ids
    }

    @Test("rows are listed by tenant, oldest first, and from any row on")
    func listing() throws {
        try withStore { store in
            let quarantine = try Quarantine(store: store, keys: keys)
            try add(
                [row("c", at: 30), row("a", at: 10), row("b", at: 20), row("x", tenant: "ban")],
                quarantine, store)
            #expect(quarantine.count == 4)
            #expect(try ids(quarantine) == ["a", "b", "c"])
            #expect(try ids(quarantine, tenant: "ban") == ["x"])
            #expect(try ids(quarantine, tenant: "bank2").isEmpty)
            let a = try #require(try quarantine.entry("a", tenant: "bank", now: 2_000_000))
            #expect(a.row == row("a", at: 10))
            #expect(try ids(quarantine, after: a.key) == ["b", "c"])
            #expect(try Quarantine(store: store, keys: keys).count == 4)
        }
    }

    @Test("an event that fails again keeps its place, with its last content")
    func again() throws {
        try withStore { store in
            let quarantine = try Quarantine(store: store, keys: keys)
            try add([row("a", at: 10), row("a", at: 20, cents: 7)], quarantine, store)
            #expect(quarantine.count == 1)
            let entry = try #require(try quarantine.entry("a", tenant: "bank", now: 0))
            #expect(entry.key.received == 10_000)
            #expect(entry.row.event == row("a", cents: 7).event)
        }
    }

    @Test("rows are gone after 30 days: from lists at once, from the store with the next sweep")
    func expiry() throws {
        try withStore { store in
            let quarantine = try Quarantine(store: store, keys: keys)
            try add(
                [row("a", at: 0), row("b", at: 10), row("x", tenant: "z", at: 0)], quarantine, store
            )
            let now = Quarantine.keptMilliseconds + 5_000
            #expect(try ids(quarantine, now: now) == ["b"])
            #expect(try quarantine.entry("a", tenant: "bank", now: now) == nil)
            try quarantine.removeExpired(now: now)
            #expect(quarantine.count == 1)
            #expect(try store.rows("quarantine", limit: 10).count == 2)
        }
    }

    @Test("one sweep ends all rows past their time, and counts what is left anew")
    func manyExpired() throws {
        try withStore { store in
            let quarantine = try Quarantine(store: store, keys: keys)
            try add((0..<2_500).map { row("e\($0)", at: 0) }, quarantine, store)
            try add([row("b", at: 10)], quarantine, store)
            // Counted, and not stored.
            var lost = WriteBatch()
            #expect(try quarantine.add(row("lost", at: 10), to: &lost))
            try quarantine.removeExpired(now: Quarantine.keptMilliseconds + 5_000)
            #expect(quarantine.count == 1)
            #expect(try store.rows("quarantine", limit: 10).count == 2)
        }
    }

    @Test("no key, field or id of an event can be read in the stored bytes")
    func sealed() throws {
        try withStore { store in
            let quarantine = try Quarantine(store: store, keys: keys)
            try add([row("event-id-1")], quarantine, store)
            for stored in try store.rows("quarantine", limit: 10) {
                for text in ["secret-card", "event-id-1", "amount"] {
                    #expect(!stored.key.contains(Array(text.utf8)))
                    #expect(!stored.value.contains(Array(text.utf8)))
                }
            }
            let stranger = try Quarantine(store: store, keys: TenantKeys(.random()))
            #expect(throws: StorageError.self) {
                _ = try stranger.entry("event-id-1", tenant: "bank", now: 0)
            }
        }
    }
}
