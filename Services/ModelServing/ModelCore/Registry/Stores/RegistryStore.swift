package import Storage

/// Rows that are written together, if others still are what the writer read.
package struct RegistryChange: Sendable {
    /// Rows that the change was computed from, as they were read; nil: there was none.
    package var guards: [RegistryKey: [UInt8]?] = [:]
    /// New values; nil deletes.
    package var writes: [RegistryKey: [UInt8]?] = [:]

    package init() {}
}

/// A row as it stands.
package struct RegistryRow: Sendable, Hashable {
    package var key: RegistryKey
    package var value: [UInt8]

    package init(_ key: RegistryKey, _ value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// What keeps the registry's rows: on the own disk, or shared by several processes.
///
/// A change is atomic and compares: all its rows are written or none, and none if one of its guards
/// is no longer what was read. What ``commit(_:)`` has returned true for survives the end of the
/// process. A commit that throws may have happened all the same: the writer looks whether its request
/// id was answered.
package protocol RegistryStore: Sendable {
    /// The values under the keys, in their order.
    func get(_ keys: [RegistryKey]) async throws(StorageError) -> [[UInt8]?]

    /// The rows behind the key `after`, ascending, at most `limit` of them.
    func rows(
        _ range: RegistryRange, after: RegistryKey?, limit: Int
    ) async throws(StorageError) -> [RegistryRow]

    /// The kinds of rows that can be listed, heads among them, each once. Rows that expire cannot.
    func kinds() async throws(StorageError) -> [RowKind]

    /// False if a guard failed: nothing was written.
    func commit(_ change: RegistryChange) async throws(StorageError) -> Bool

    /// Chains whose head was written since `position`, and the position to go on from; nil from a
    /// store that only this process writes to.
    func movedChains(
        since position: UInt64
    ) async throws(StorageError) -> (position: UInt64, chains: [String])?
}

extension RegistryStore {
    package func get(_ key: RegistryKey) async throws(StorageError) -> [UInt8]? {
        try await get([key])[0]
    }

    /// Every row of a range, or of it behind a key, in pages.
    package func allRows(
        _ range: RegistryRange, after: RegistryKey? = nil, page: Int = 256,
        _ body: (RegistryRow) throws -> Void
    ) async throws {
        var last = after
        while true {
            let rows = try await rows(range, after: last, limit: page)
            for row in rows { try body(row) }
            guard rows.count == page else { return }
            last = rows.last?.key
        }
    }
}
