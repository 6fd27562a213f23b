internal import CRocksDB

/// A ``RowExpiry`` as RocksDB asks for it when it compacts files.
///
/// RocksDB keeps the pointer, and calls it from its threads, until the database is closed: whoever
/// made the filter keeps it until then.
final class ExpiryFilter {
    let pointer: OpaquePointer?

    init(_ expiry: any RowExpiry) {
        // The box belongs to the filter: RocksDB gives it back through the destructor.
        let box = Unmanaged.passRetained(Box(expiry)).toOpaque()
        pointer = rocksdb_compactionfilter_create(
            box, { if let box = $0 { Unmanaged<Box>.fromOpaque(box).release() } },
            { box, _, key, keyLength, value, valueLength, _, _, changed in
                changed?.pointee = 0
                guard let box else { return 0 }
                let expiry = Unmanaged<Box>.fromOpaque(box).takeUnretainedValue().expiry
                let isExpired = expiry.isExpired(
                    UnsafeRawBufferPointer(start: key, count: keyLength),
                    UnsafeRawBufferPointer(start: value, count: valueLength))
                return isExpired ? 1 : 0
            },
            { _ in
                // A literal lives as long as the process.
                UnsafeRawPointer(("assay.expiry" as StaticString).utf8Start)
                    .assumingMemoryBound(to: CChar.self)
            })
    }

    deinit { rocksdb_compactionfilter_destroy(pointer) }

    private final class Box {
        let expiry: any RowExpiry
        init(_ expiry: any RowExpiry) { self.expiry = expiry }
    }
}
