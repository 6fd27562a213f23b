internal import AssayMessages
internal import Storage
internal import Synchronization
internal import Wire

/// Events kept aside for a person to look at: for 30 days, a million of them.
///
/// A row is sealed as a whole under its tenant's key, because an event that fails validation does
/// not say reliably which of its fields are personal. Of an event that is sent again and fails
/// again the last form counts, under the time of the first.
package final class Quarantine: Sendable {
    static let maximumRows = 1_000_000

    let maximumRows: Int
    static let keptMilliseconds: Int64 = 30 * 86_400_000

    private let store: any KeyValueStore
    private let keys: TenantKeys
    private let rowCount = Atomic<Int>(0)

    init(
        store: any KeyValueStore, keys: TenantKeys, maximumRows: Int = Quarantine.maximumRows
    ) throws {
        self.maximumRows = maximumRows
        self.store = store
        self.keys = keys
        rowCount.store(try rowsStored(), ordering: .relaxed)
    }

    var count: Int { rowCount.load(ordering: .relaxed) }
    var isFull: Bool { count >= maximumRows }

    /// A row as it is listed.
    struct Entry {
        let key: QuarantineKey
        let row: AssayFeaturesV1.QuarantineRow
    }

    // MARK: Changing

    /// Adds an event to a batch; false, and nothing is added, if there is no room.
    ///
    /// - Parameter isPromised: its producer was told that it waits here: there is room for it.
    func add(
        _ row: AssayFeaturesV1.QuarantineRow, isPromised: Bool = false, to batch: inout WriteBatch
    ) throws -> Bool {
        let place = QuarantineKey.place(of: row.event.id, tenant: row.tenant)
        let first = try store.get(place, in: .quarantine)
        guard first != nil || isPromised || !isFull else { return false }
        let received =
            first.flatMap { StorageKey.sequence($0) }
            .map { Int64(bitPattern: $0) } ?? row.received.millisecondsSinceEpoch
        let key = QuarantineKey(tenant: row.tenant, received: received, eventID: row.event.id)
        let sealed = try keys.key(of: row.tenant).seal(row.encoded(), context: key.bytes)
        batch.put(place, StorageKey.bigEndian(UInt64(bitPattern: received)), in: .quarantine)
        batch.put(key.bytes, sealed, in: .quarantine)
        if first == nil { rowCount.add(1, ordering: .relaxed) }
        return true
    }

    /// Adds the end of a row to a batch; nothing if there is no such row.
    func remove(_ eventID: String, tenant: String, from batch: inout WriteBatch) throws {
        guard let key = try key(of: eventID, tenant: tenant) else { return }
        remove(key, from: &batch)
    }

    func remove(_ key: QuarantineKey, from batch: inout WriteBatch) {
        batch.delete(key.bytes, in: .quarantine)
        batch.delete(key.place, in: .quarantine)
        rowCount.subtract(1, ordering: .relaxed)
    }

    /// Ends all rows past their time, and counts those that are left: what was counted for batches
    /// that could not be stored is corrected.
    func removeExpired(now: Int64) throws {
        while true {
            var batch = WriteBatch()
            try removeExpired(now: now, limit: 1_000, from: &batch)
            guard !batch.isEmpty else { break }
            try store.write(batch, sync: false)
        }
        let before = count
        rowCount.add(try rowsStored() - before, ordering: .relaxed)
    }

    func removeExpired(now: Int64, limit: Int = 1_000, from batch: inout WriteBatch) throws {
        let oldest = now - Self.keptMilliseconds
        var expired: [QuarantineKey] = []
        try eachTenant { tenant in
            try scan(QuarantineKey.rows(of: tenant), tenant) { key, _ in
                guard key.received < oldest, expired.count < limit else { return false }
                expired.append(key)
                return true
            }
        }
        for key in expired { remove(key, from: &batch) }
    }

    // MARK: Reading

    func entry(_ eventID: String, tenant: String, now: Int64) throws -> Entry? {
        guard let key = try key(of: eventID, tenant: tenant),
            key.received >= now - Self.keptMilliseconds,
            let sealed = try store.get(key.bytes, in: .quarantine)
        else { return nil }
        return Entry(key: key, row: try open(sealed, key))
    }

    /// Visits a tenant's rows, oldest first, from behind a key on, until `body` returns false.
    func scan(
        tenant: String, after: QuarantineKey?, now: Int64, _ body: (Entry) throws -> Bool
    ) throws {
        var range = QuarantineKey.rows(of: tenant)
        // Past their time they are not there any more.
        let oldest = QuarantineKey(
            tenant: tenant, received: max(0, now - Self.keptMilliseconds), idHash: [])
        range.lower = after.map { $0.bytes + [0] } ?? oldest.bytes
        try scan(range, tenant) { key, sealed in
            try body(Entry(key: key, row: open(sealed, key)))
        }
    }

    private func open(
        _ sealed: [UInt8], _ key: QuarantineKey
    ) throws -> AssayFeaturesV1.QuarantineRow {
        do {
            let bytes = try keys.key(of: key.tenant).open(sealed, context: key.bytes)
            return try AssayFeaturesV1.QuarantineRow(
                decoding: bytes, door: .strict, limits: .stored)
        } catch {
            throw StorageError(.corrupt, "a row of the quarantine: \(error)")
        }
    }

    private func key(of eventID: String, tenant: String) throws(StorageError) -> QuarantineKey? {
        let place = QuarantineKey.place(of: eventID, tenant: tenant)
        guard let time = try store.get(place, in: .quarantine).flatMap({ StorageKey.sequence($0) })
        else { return nil }
        return QuarantineKey(
            tenant: tenant, received: Int64(bitPattern: time), eventID: eventID)
    }

    private func scan(
        _ range: KeyRange, _ tenant: String, _ body: (QuarantineKey, [UInt8]) throws -> Bool
    ) throws {
        try store.scan(.quarantine, range, reversed: false) { key, value in
            guard let key = QuarantineKey(Array(key), tenant: tenant) else { return true }
            return try body(key, Array(value))
        }
    }

    private func rowsStored() throws -> Int {
        var rows = 0
        try eachTenant { tenant in
            try store.scan(.quarantine, QuarantineKey.places(of: tenant), reversed: false) {
                _, _ in
                rows += 1
                return true
            }
        }
        return rows
    }

    /// Every tenant that has a row, without going through their rows.
    private func eachTenant(_ body: (String) throws -> Void) throws {
        var from: [UInt8] = []
        while let first = try store.rows(.quarantine, KeyRange(from: from), limit: 1).first {
            guard let tenant = QuarantineKey.tenant(of: first.key) else {
                throw StorageError(.corrupt, "a key of the quarantine names no tenant")
            }
            try body(tenant)
            guard let next = QuarantineKey.all(of: tenant).upper else { return }
            from = next
        }
    }
}
