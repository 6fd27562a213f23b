internal import CRocksDB
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A ``KeyValueStore`` in a directory of its own, on RocksDB.
///
/// The directory is locked while it is open. A batch is whole or absent after a crash; after a
/// power cut everything up to the last synced write is there.
//
// Unchecked: `library`, `families`, `filters` and the option pointers are set once in `init` and freed once, by
// the one caller of `close` that wins the exchange on `gate`, after every call in progress has
// left; RocksDB allows all the calls made here from any number of threads.
public final class RocksDBStore: KeyValueStore, @unchecked Sendable {
    private let library: OpaquePointer
    private let families: [Family: OpaquePointer]
    private let filters: [ExpiryFilter]
    private let readOptions: OpaquePointer
    private let residentOptions: OpaquePointer
    private let scanOptions: OpaquePointer
    private let synced: OpaquePointer
    private let unsynced: OpaquePointer
    private let unlogged: OpaquePointer
    private let flushOptions: OpaquePointer
    private let gate = Gate()
    private let directory: String
    private let reservedBytes: UInt64

    /// Opens `directory`, creating it, its parents and missing families as needed.
    ///
    /// - Parameter expiry: drops rows of a family, some time after they have had theirs.
    public init(
        directory: String, families names: [Family], expiry: [Family: any RowExpiry] = [:],
        options: RocksDBOptions = RocksDBOptions()
    ) throws(StorageError) {
        self.directory = directory
        reservedBytes = options.reservedBytes
        try makeDirectories(directory)
        let opened = try openRocksDB(
            directory: directory, families: names, expiry: expiry, options: options)
        library = opened.library
        families = opened.families
        filters = opened.filters
        readOptions = rocksdb_readoptions_create()
        residentOptions = rocksdb_readoptions_create()
        rocksdb_readoptions_set_read_tier(residentOptions, Self.memoryOnly)
        scanOptions = rocksdb_readoptions_create()
        rocksdb_readoptions_set_fill_cache(scanOptions, 0)
        synced = rocksdb_writeoptions_create()
        rocksdb_writeoptions_set_sync(synced, 1)
        unsynced = rocksdb_writeoptions_create()
        unlogged = rocksdb_writeoptions_create()
        rocksdb_writeoptions_disable_WAL(unlogged, 1)
        flushOptions = rocksdb_flushoptions_create()
    }

    deinit { close() }

    public func close() {
        guard gate.close() else { return }
        for handle in families.values { rocksdb_column_family_handle_destroy(handle) }
        rocksdb_close(library)
        rocksdb_readoptions_destroy(readOptions)
        rocksdb_readoptions_destroy(residentOptions)
        rocksdb_readoptions_destroy(scanOptions)
        rocksdb_writeoptions_destroy(synced)
        rocksdb_writeoptions_destroy(unsynced)
        rocksdb_writeoptions_destroy(unlogged)
        rocksdb_flushoptions_destroy(flushOptions)
    }

    public func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        var isOnDisk = false
        return try value(key, family, readOptions, isOnDisk: &isOnDisk)
    }

    /// What `ReadTier::kBlockCacheTier` is in RocksDB's options.h: memory tables and cached blocks.
    private static let memoryOnly: CInt = 1

    public func resident(
        _ keys: [[UInt8]], in family: Family
    ) throws(StorageError) -> [[UInt8]?]? {
        var values: [[UInt8]?] = []
        values.reserveCapacity(keys.count)
        for key in keys {
            var isOnDisk = false
            values.append(try value(key, family, residentOptions, isOnDisk: &isOnDisk))
            if isOnDisk { return nil }
        }
        return values
    }

    /// - Parameter isOnDisk: set if the options forbid to read what the answer needs.
    private func value(
        _ key: [UInt8], _ family: Family, _ options: OpaquePointer, isOnDisk: inout Bool
    ) throws(StorageError) -> [UInt8]? {
        try gate.enter()
        defer { gate.leave() }
        let handle = try handle(family)
        var failure: UnsafeMutablePointer<CChar>?
        let pinned = key.withUnsafeBytes { bytes in
            rocksdb_get_pinned_cf(
                library, options, handle, bytes.characters, bytes.count, &failure)
        }
        if let message = failure, String(cString: message).hasPrefix("Result incomplete") {
            rocksdb_free(message)
            isOnDisk = true
            return nil
        }
        try check(failure)
        guard let pinned else { return nil }
        defer { rocksdb_pinnableslice_destroy(pinned) }
        var length = 0
        guard let value = rocksdb_pinnableslice_value(pinned, &length) else { return nil }
        return Array(UnsafeRawBufferPointer(start: value, count: length))
    }

    public func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        try write(batches, sync ? synced : unsynced)
    }

    public func writeUnlogged(_ batch: WriteBatch) throws(StorageError) {
        try write([batch], unlogged)
    }

    /// RocksDB syncs the logs of everything written before the rows of a file, then the file: rows
    /// outside the log are never on the disk without what was written before them.
    public func flush(_ names: [Family]) throws(StorageError) {
        try gate.enter()
        defer { gate.leave() }
        for name in names {
            var failure: UnsafeMutablePointer<CChar>?
            rocksdb_flush_cf(library, flushOptions, try handle(name), &failure)
            try check(failure)
        }
    }

    private func write(
        _ batches: [WriteBatch], _ options: OpaquePointer
    ) throws(StorageError) {
        try gate.enter()
        defer { gate.leave() }
        if reservedBytes > 0 { try checkRoom() }
        guard let combined = rocksdb_writebatch_create() else {
            throw StorageError(.io, "no memory for a write batch")
        }
        defer { rocksdb_writebatch_destroy(combined) }
        for batch in batches { try append(batch, to: combined) }
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_write(library, options, combined, &failure)
        try check(failure)
    }

    private func checkRoom() throws(StorageError) {
        var room = statvfs()
        guard statvfs(directory, &room) == 0 else { return }
        let free = UInt64(room.f_bavail).multipliedReportingOverflow(by: UInt64(room.f_frsize))
        guard !free.overflow, free.partialValue < reservedBytes else { return }
        throw StorageError(
            .full,
            "No space left for writes on the disk of \(directory): \(free.partialValue >> 20) MiB are"
                + " free, \(reservedBytes >> 20) MiB are kept in reserve")
    }

    public func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try gate.enter()
        defer { gate.leave() }
        guard let iterator = rocksdb_create_iterator_cf(library, scanOptions, try handle(family))
        else { throw StorageError(.io, "no memory for an iterator") }
        defer { rocksdb_iter_destroy(iterator) }
        position(iterator, at: range, reversed: reversed)
        while rocksdb_iter_valid(iterator) != 0 {
            var keyLength = 0
            var valueLength = 0
            let key = UnsafeRawBufferPointer(
                start: rocksdb_iter_key(iterator, &keyLength), count: keyLength)
            guard range.contains(key) else { break }
            let value = UnsafeRawBufferPointer(
                start: rocksdb_iter_value(iterator, &valueLength), count: valueLength)
            guard try body(key, value) else { return }
            if reversed { rocksdb_iter_prev(iterator) } else { rocksdb_iter_next(iterator) }
        }
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_iter_get_error(iterator, &failure)
        try check(failure)
    }

    public func discard(_ family: Family, below key: [UInt8]) throws(StorageError) {
        try gate.enter()
        defer { gate.leave() }
        let handle = try handle(family)
        // RocksDB drops a file whose last key is the limit; ours is not among the rows to drop.
        guard let last = KeyRange.lastKey(below: key) else { return }
        var failure: UnsafeMutablePointer<CChar>?
        last.withUnsafeBytes { bytes in
            rocksdb_delete_file_in_range_cf(
                library, handle, nil, 0, bytes.characters, bytes.count, &failure)
        }
        try check(failure)
    }

    /// Rewrites all files of a family, which drops the rows that have had their time. It takes as
    /// long as that takes.
    public func compact(_ family: Family) throws(StorageError) { try compact(family, .all) }

    public func compact(_ family: Family, _ range: KeyRange) throws(StorageError) {
        try gate.enter()
        defer { gate.leave() }
        let handle = try handle(family)
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_flush_cf(library, flushOptions, handle, &failure)
        try check(failure)
        range.lower.withUnsafeBytes { lower in
            (range.upper ?? []).withUnsafeBytes { upper in
                // An end without an address is that of the family.
                rocksdb_compact_range_cf(
                    library, handle,
                    lower.isEmpty ? nil : lower.bindMemory(to: CChar.self).baseAddress,
                    lower.count,
                    range.upper == nil ? nil : upper.bindMemory(to: CChar.self).baseAddress,
                    upper.count)
            }
        }
    }

    private func handle(_ family: Family) throws(StorageError) -> OpaquePointer {
        guard let handle = families[family] else {
            throw StorageError(.unknownFamily, "the store has no family \"\(family)\"")
        }
        return handle
    }

    private func append(_ batch: WriteBatch, to combined: OpaquePointer) throws(StorageError) {
        var offset = 0
        for operation in batch.operations {
            let handle = try handle(operation.family)
            batch.bytes.withUnsafeBytes { bytes in
                let key = UnsafeRawBufferPointer(
                    rebasing: bytes[offset...].prefix(operation.keyLength))
                offset += operation.keyLength
                if operation.isDelete {
                    rocksdb_writebatch_delete_cf(combined, handle, key.characters, key.count)
                    return
                }
                let value = UnsafeRawBufferPointer(
                    rebasing: bytes[offset...].prefix(operation.valueLength))
                offset += operation.valueLength
                rocksdb_writebatch_put_cf(
                    combined, handle, key.characters, key.count, value.characters, value.count)
            }
        }
    }

    private func position(_ iterator: OpaquePointer, at range: KeyRange, reversed: Bool) {
        guard reversed else {
            range.lower.withUnsafeBytes { rocksdb_iter_seek(iterator, $0.characters, $0.count) }
            return
        }
        guard let upper = range.upper else {
            rocksdb_iter_seek_to_last(iterator)
            return
        }
        upper.withUnsafeBytes { rocksdb_iter_seek_for_prev(iterator, $0.characters, $0.count) }
        // `seek_for_prev` stops at `upper` itself if it is a key; the bound is exclusive.
        guard rocksdb_iter_valid(iterator) != 0 else { return }
        var length = 0
        let key = UnsafeRawBufferPointer(start: rocksdb_iter_key(iterator, &length), count: length)
        if key.elementsEqual(upper) { rocksdb_iter_prev(iterator) }
    }
}

extension UnsafeRawBufferPointer {
    /// The address as the C API wants it; the length beside it says how much is read.
    fileprivate var characters: UnsafePointer<CChar>? {
        baseAddress?.assumingMemoryBound(to: CChar.self)
    }
}

extension KeyRange {
    /// The greatest key of the same length below `key`; nil if there is none.
    fileprivate static func lastKey(below key: [UInt8]) -> [UInt8]? {
        var last = key
        for position in last.indices.reversed() {
            last[position] &-= 1
            if last[position] != 0xFF { return last }
        }
        return nil
    }

    fileprivate func contains(_ key: UnsafeRawBufferPointer) -> Bool {
        if key.lexicographicallyPrecedes(lower) { return false }
        guard let upper else { return true }
        return key.lexicographicallyPrecedes(upper)
    }
}

/// Counts the calls inside a store, so that closing it can wait for them.
private final class Gate: Sendable {
    private static let closed = 1 << 62
    private let state = Atomic<Int>(0)

    func enter() throws(StorageError) {
        let before = state.add(1, ordering: .acquiring).oldValue
        guard before & Gate.closed == 0 else {
            leave()
            throw StorageError(.closed, "the store was closed")
        }
    }

    func leave() { state.subtract(1, ordering: .releasing) }

    /// True for the one caller that closed the gate; it returns when nobody is inside.
    func close() -> Bool {
        let before = state.bitwiseOr(Gate.closed, ordering: .acquiringAndReleasing).oldValue
        guard before & Gate.closed == 0 else { return false }
        while state.load(ordering: .acquiring) != Gate.closed { sched_yield() }
        return true
    }
}
