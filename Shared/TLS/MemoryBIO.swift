internal import COpenSSL

/// An owned memory `BIO*`.
final class MemoryBIO {
    /// Never nil; one reference belongs to this object.
    let pointer: OpaquePointer

    /// An empty one that grows as it is written to.
    init() throws(TLSError) {
        guard let pointer = BIO_new(BIO_s_mem()) else {
            throw .openSSL(.configuration, "cannot create a memory BIO")
        }
        self.pointer = pointer
    }

    /// One that holds a copy of `bytes`.
    convenience init(reading bytes: [UInt8]) throws(TLSError) {
        try self.init()
        let written = bytes.withUnsafeBytes { BIO_write(pointer, $0.baseAddress, Int32($0.count)) }
        guard written == bytes.count || bytes.isEmpty else {
            throw .openSSL(.configuration, "cannot fill a memory BIO")
        }
    }

    deinit {
        BIO_free(pointer)
    }

    /// Everything that was written and not read yet.
    func contents() -> [UInt8] {
        let count = BIO_ctrl_pending(pointer)
        return [UInt8](unsafeUninitializedCapacity: count) { storage, initialized in
            initialized = max(0, Int(BIO_read(pointer, storage.baseAddress, Int32(count))))
        }
    }
}
