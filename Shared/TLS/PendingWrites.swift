internal import NIOCore

/// Plaintext that waits for a flush, or for the end of the handshake.
struct PendingWrites {
    private struct Write {
        let plaintext: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    /// Smaller writes of one flush share records of this size.
    private static let recordBytes = TLSEngine.recordBytes

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

    /// Encrypts what is marked into the engine's output, and returns the promises to complete.
    mutating func encryptMarked(
        with engine: TLSEngine
    ) throws(TLSError) -> [EventLoopPromise<Void>] {
        engine.reserveOutput(for: markedBytes)
        var promises: [EventLoopPromise<Void>] = []
        var record: ByteBuffer?
        while writes.hasMark, let write = writes.popFirst() {
            if let promise = write.promise { promises.append(promise) }
            var plaintext = write.plaintext
            if writes.hasMark || record != nil, plaintext.readableBytes < Self.recordBytes {
                let space = Self.recordBytes - (record?.readableBytes ?? 0)
                if plaintext.readableBytes > space {
                    try Self.encrypt(&record, with: engine)
                }
                record.setOrWriteBuffer(&plaintext)
                continue
            }
            try Self.encrypt(&record, with: engine)
            try Self.encrypt(plaintext, with: engine)
        }
        try Self.encrypt(&record, with: engine)
        markedBytes = 0
        return promises
    }

    private static func encrypt(
        _ record: inout ByteBuffer?, with engine: TLSEngine
    ) throws(TLSError) {
        guard let plaintext = record else { return }
        record = nil
        try encrypt(plaintext, with: engine)
    }

    private static func encrypt(
        _ plaintext: ByteBuffer, with engine: TLSEngine
    ) throws(TLSError) {
        // A closure cannot be generic over typed throws here, so the result carries the error.
        let result = plaintext.withUnsafeReadableBytes { bytes in
            Result { () throws(TLSError) in try engine.write(bytes) }
        }
        try result.get()
    }

    mutating func failAll(_ error: any Error) {
        unmarkedBytes = 0
        markedBytes = 0
        while let write = writes.popFirst() { write.promise?.fail(error) }
    }
}
