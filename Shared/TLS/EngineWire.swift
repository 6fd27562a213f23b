internal import COpenSSL
internal import NIOCore

/// The wire below one engine, as OpenSSL sees it: a BIO that reads the peer's bytes where they lie and
/// writes into a buffer that goes to the socket as it is.
final class EngineWire {
    /// The peer's bytes for the duration of `lend`.
    private var lent = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Bytes that nobody lends any more.
    private var kept: [UInt8] = []
    private var keptStart = 0
    private(set) var output = ByteBuffer()

    /// Whether all that came was read.
    var isEmpty: Bool { lent.isEmpty && keptStart == kept.count }

    /// A new `BIO*` for this wire, which must outlive it; owned by the caller.
    func makeBIO() -> OpaquePointer? {
        guard let bio = BIO_new(Self.method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        return bio
    }

    // MARK: The engine's side

    /// Has bytes of the peer read where they lie; what is left of them is kept.
    func lend<Result>(_ bytes: UnsafeRawBufferPointer, _ body: () -> Result) -> Result {
        precondition(lent.isEmpty, "one lends at a time")
        if keptStart < kept.count {
            keep(bytes)
            return body()
        }
        lent = bytes
        let result = body()
        let rest = lent
        lent = UnsafeRawBufferPointer(start: nil, count: 0)
        if !rest.isEmpty { keep(rest) }
        return result
    }

    /// Takes a copy of bytes of the peer.
    func keep(_ bytes: UnsafeRawBufferPointer) {
        if keptStart == kept.count { (kept, keptStart) = ([], 0) }
        kept.append(contentsOf: bytes)
    }

    func reserveOutput(_ capacity: Int) {
        output.reserveCapacity(output.readableBytes + capacity)
    }

    func takeOutput() -> ByteBuffer {
        defer { output = ByteBuffer() }
        return output
    }

    // MARK: OpenSSL's side

    private func read(into memory: UnsafeMutableRawBufferPointer) -> Int {
        if !lent.isEmpty {
            let count = min(lent.count, memory.count)
            memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: lent[..<count]))
            lent = UnsafeRawBufferPointer(rebasing: lent[count...])
            return count
        }
        let count = min(kept.count - keptStart, memory.count)
        kept.withUnsafeBytes {
            memory.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: $0[keptStart..<keptStart + count]))
        }
        keptStart += count
        if keptStart == kept.count { (kept, keptStart) = ([], 0) }
        return count
    }

    private static func of(_ bio: OpaquePointer?) -> EngineWire? {
        BIO_get_data(bio).map { Unmanaged<EngineWire>.fromOpaque($0).takeUnretainedValue() }
    }

    /// `BIO_METHOD*`, made once and never freed. Immutable, hence safe to share.
    nonisolated(unsafe) private static let method = { () -> OpaquePointer? in
        let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire")
        BIO_meth_set_create(method) { bio in
            BIO_set_init(bio, 1)
            return 1
        }
        BIO_meth_set_read(method) { bio, memory, count in
            BIO_clear_flags(bio, retryFlags)
            guard let wire = EngineWire.of(bio), let memory, count > 0 else { return 0 }
            let taken = wire.read(
                into: UnsafeMutableRawBufferPointer(start: memory, count: Int(count)))
            if taken == 0 {
                BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
                return -1
            }
            return Int32(taken)
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            BIO_clear_flags(bio, retryFlags)
            guard let wire = EngineWire.of(bio), let bytes, count > 0 else { return 0 }
            wire.output.writeBytes(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()
}

private let retryFlags =
    BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY
