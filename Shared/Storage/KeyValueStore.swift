/// A named, independently ordered set of rows of a store.
public struct Family: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let name: String

    public init(_ name: String) { self.name = name }
    public init(stringLiteral name: String) { self.name = name }

    public var description: String { name }
}

/// The keys from `lower`, inclusive, to `upper`, exclusive; no upper bound if it is nil.
public struct KeyRange: Hashable, Sendable {
    public var lower: [UInt8]
    public var upper: [UInt8]?

    public init(from lower: [UInt8] = [], to upper: [UInt8]? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// Every key.
    public static let all = KeyRange()

    /// Every key that starts with `prefix`.
    public static func prefix(_ prefix: [UInt8]) -> KeyRange {
        var upper = prefix
        while let last = upper.popLast() {
            if last < 0xFF {
                upper.append(last + 1)
                return KeyRange(from: prefix, to: upper)
            }
        }
        return KeyRange(from: prefix)
    }
}

/// An ordered, durable map from bytes to bytes, in families, with atomic batches.
///
/// Keys are ordered by their unsigned bytes. Every call but one may block on the disk: callers on
/// an event loop write through ``GroupCommit``. All methods may be called from any thread.
public protocol KeyValueStore: Sendable {
    /// The value under `key`, or nil.
    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]?

    /// The values under `keys`, in their order.
    func get(_ keys: [[UInt8]], in family: Family) throws(StorageError) -> [[UInt8]?]

    /// The values under `keys`, in their order, if that needs nothing from the disk; nil if it may.
    /// The one call that an event loop may make.
    func resident(_ keys: [[UInt8]], in family: Family) throws(StorageError) -> [[UInt8]?]?

    /// Applies the batches in order, all of them or none. With `sync`, it returns after they are
    /// on the disk; without, they survive the end of the process only once something synced later.
    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError)

    /// Applies a batch that survives the end of the process only once ``flush(_:)`` has returned for
    /// its families: half the bytes, for rows that can be made again. Of those that were not flushed
    /// any may be lost, and others kept. None outlives what ``write(_:sync:)`` stored before it.
    func writeUnlogged(_ batch: WriteBatch) throws(StorageError)

    /// Returns when everything written to the families so far survives the end of the machine.
    func flush(_ families: [Family]) throws(StorageError)

    /// Visits the rows of `range` as they are at this moment, ascending, or descending if
    /// `reversed`, until `body` returns false. The buffers are valid during the call only.
    func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws

    /// Gives up the rows of a family whose keys are below `key`: nobody reads them any more. Their
    /// room is given back as far as that costs nothing, so some of them may stay.
    func discard(_ family: Family, below key: [UInt8]) throws(StorageError)

    /// Rewrites what a range was stored in, so that deleted rows and earlier values of others are no
    /// longer there. It takes as long as that takes.
    func compact(_ family: Family, _ range: KeyRange) throws(StorageError)

    /// Waits for calls in progress, then releases the directory. Later calls fail with `.closed`.
    func close()
}

/// Says which rows of a family have had their time, while a store rewrites its files.
///
/// A reader must treat such a row as gone already: when it really goes is the store's affair.
public protocol RowExpiry: Sendable {
    /// Called from the store's own threads; the buffers are valid during the call only.
    func isExpired(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
}

extension KeyValueStore {
    public func resident(
        _ keys: [[UInt8]], in family: Family
    ) throws(StorageError) -> [[UInt8]?]? { nil }

    public func writeUnlogged(_ batch: WriteBatch) throws(StorageError) {
        try write([batch], sync: false)
    }

    public func flush(_ families: [Family]) throws(StorageError) {}

    public func discard(_ family: Family, below key: [UInt8]) throws(StorageError) {}

    public func compact(_ family: Family, _ range: KeyRange) throws(StorageError) {}

    public func write(_ batch: WriteBatch, sync: Bool) throws(StorageError) {
        try write([batch], sync: sync)
    }

    /// The first rows of `range`, copied: at most `limit` of them.
    public func rows(
        _ family: Family, _ range: KeyRange = .all, reversed: Bool = false, limit: Int
    ) throws -> [(key: [UInt8], value: [UInt8])] {
        var rows: [(key: [UInt8], value: [UInt8])] = []
        guard limit > 0 else { return rows }
        try scan(family, range, reversed: reversed) { key, value in
            rows.append((Array(key), Array(value)))
            return rows.count < limit
        }
        return rows
    }

    public func get(_ keys: [[UInt8]], in family: Family) throws(StorageError) -> [[UInt8]?] {
        var values: [[UInt8]?] = []
        values.reserveCapacity(keys.count)
        for key in keys { values.append(try get(key, in: family)) }
        return values
    }
}
