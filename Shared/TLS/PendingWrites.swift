internal import NIOCore

/// Plaintext that waits for a flush, or for the end of the handshake.
struct PendingWrites {
    private struct Write {
        let plaintext: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    /// Plaintext of one full record [RFC 8446, section 5.1]. Smaller writes of one flush share records.
    private static let recordBytes = 16_384
    /// Plaintext encrypted before the engine's output is moved on, so that the output stays small.
    private static let drainBytes = 4 * recordBytes

    private var writes = MarkedCircularBuffer<Write>(initialCapacity: 4)
    private var unmarkedBytes = 0
    private(set) var markedBytes = 0

    var hasMarked: Bool { writes.hasMark }

    mutating func append(_ plaintext: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        writes.append(Write(plaintext: plaintext, promise: promise))
        unmarkedBytes += plaintext.readableBytes
    }

    /// Everything so far may go out.
    mutating func mark() {
        writes.mark()
        markedBytes += unmarkedBytes
        unmarkedBytes = 0
    }

    /// Encrypts what is marked, appends it to `ciphertext`, and returns the promises to complete.
    mutating func encryptMarked(
        with engine: TLSEngine, into ciphertext: inout ByteBuffer
    ) throws(TLSError) -> [EventLoopPromise<Void>] {
        var promises: [EventLoopPromise<Void>] = []
        var record: ByteBuffer?
        while writes.hasMark, let write = writes.popFirst() {
            if let promise = write.promise { promises.append(promise) }
            var plaintext = write.plaintext
            if writes.hasMark || record != nil, plaintext.readableBytes < Self.recordBytes {
                let space = Self.recordBytes - (record?.readableBytes ?? 0)
                if plaintext.readableBytes > space {
                    try Self.encrypt(&record, with: engine, into: &ciphertext)
                }
                record.setOrWriteBuffer(&plaintext)
                continue
            }
            try Self.encrypt(&record, with: engine, into: &ciphertext)
            try Self.encrypt(plaintext, with: engine, into: &ciphertext)
        }
        try Self.encrypt(&record, with: engine, into: &ciphertext)
        markedBytes = 0
        return promises
    }

    private static func encrypt(
        _ record: inout ByteBuffer?, with engine: TLSEngine, into ciphertext: inout ByteBuffer
    ) throws(TLSError) {
        guard let plaintext = record else { return }
        record = nil
        try encrypt(plaintext, with: engine, into: &ciphertext)
    }

    private static func encrypt(
        _ plaintext: ByteBuffer, with engine: TLSEngine, into ciphertext: inout ByteBuffer
    ) throws(TLSError) {
        var rest = plaintext
        while let part = rest.readSlice(length: min(rest.readableBytes, drainBytes)),
            part.readableBytes > 0
        {
            // A closure cannot be generic over typed throws here, so the result carries the error.
            let result = part.withUnsafeReadableBytes { bytes in
                Result { () throws(TLSError) in try engine.write(bytes) }
            }
            try result.get()
            engine.drainOutput(into: &ciphertext)
        }
    }

    mutating func failAll(_ error: any Error) {
        unmarkedBytes = 0
        markedBytes = 0
        while let write = writes.popFirst() { write.promise?.fail(error) }
    }
}

extension TLSEngine {
    /// Header, content type and authentication tag of one record, rounded up [RFC 8446, section 5.2].
    private static let recordOverheadBytes = 32
    private static let recordBytes = 16_384

    /// Room for so much plaintext in ciphertext.
    func ciphertextCapacity(for plaintextBytes: Int) -> Int {
        plaintextBytes + (plaintextBytes / Self.recordBytes + 2) * Self.recordOverheadBytes
    }

    func drainOutput(into buffer: inout ByteBuffer) {
        while case let count = pendingOutput, count > 0 {
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) {
                takeOutput(into: $0)
            }
        }
    }
}
