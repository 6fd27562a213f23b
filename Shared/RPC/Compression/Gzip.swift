internal import CZlib

/// gzip (RFC 1952) for single messages. Nothing is kept from one message to the next.
package enum Gzip {
    /// A message may inflate to this many times its packed size.
    static let maximumRatio = 20
    /// Or to this size, if that is more: a few words repeated are no bomb. gRPC's own interoperability
    /// cases send 314,159 zeros, which gzip packs 1,000 : 1.
    static let alwaysAllowed = 320 << 10

    /// The most bytes that a packed message may inflate to.
    static func allowance(packed: Int, limit: Int) -> Int {
        let (bytes, overflow) = packed.multipliedReportingOverflow(by: maximumRatio)
        return min(limit, overflow ? .max : max(bytes, alwaysAllowed))
    }

    /// Unpacks one message into an array that has room for a prefix in front of it.
    ///
    /// Writes no byte beyond what the message is allowed, and reserves no more than it.
    package static func inflate(
        _ packed: UnsafeRawBufferPointer, limit: Int
    ) throws(FramingFault) -> [UInt8] {
        let allowance = allowance(packed: packed.count, limit: limit)
        var stream = z_stream()
        guard assay_inflate_init(&stream) == Z_OK else { throw .outOfMemory }
        defer { inflateEnd(&stream) }
        // zlib does not write to its input; its header only does not say so.
        stream.next_in = UnsafeMutablePointer(
            mutating: packed.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(clamping: packed.count)
        var message: [UInt8] = []
        var size = min(claimedSize(of: packed), allowance)
        while true {
            let status = fill(&message, upTo: size, from: &stream)
            switch status {
            case Z_STREAM_END:
                // A second member or anything else behind the first one is not part of a message.
                if stream.avail_in > 0 { throw .notGzip("bytes follow its end") }
                return message
            case Z_OK, Z_BUF_ERROR:
                if stream.avail_out > 0 { throw .notGzip("it ends too early") }
                if size == allowance { throw .inflatedTooLarge(allowance) }
                size = min(allowance, max(2 * size, 4096))
            default:
                throw .notGzip(stream.msg.map { String(cString: $0) } ?? "error \(status)")
            }
        }
    }

    /// What the last four bytes say about the size of the message. A hint: a peer may lie.
    private static func claimedSize(of packed: UnsafeRawBufferPointer) -> Int {
        guard packed.count >= 4 else { return 0 }
        return Int(
            UInt32(
                littleEndian: packed.loadUnaligned(
                    fromByteOffset: packed.count - 4, as: UInt32.self)))
    }

    /// Inflates behind what is there until the message has `size` bytes.
    private static func fill(
        _ message: inout [UInt8], upTo size: Int, from stream: inout z_stream
    ) -> Int32 {
        let done = message
        var status = Z_OK
        message = [UInt8](unsafeUninitializedCapacity: MessagePrefix.count + size) {
            memory, count in
            count = max(done.count, MessagePrefix.count)
            if done.isEmpty {
                memory[..<MessagePrefix.count].initialize(repeating: 0)
            } else {
                _ = memory.update(fromContentsOf: done)
            }
            stream.next_out = memory.baseAddress.map { $0 + count }
            stream.avail_out = UInt32(clamping: MessagePrefix.count + size - count)
            let room = stream.avail_out
            status = CZlib.inflate(&stream, Z_FINISH)
            count += Int(room - stream.avail_out)
        }
        return status
    }

    // MARK: Packing

    /// Fast: a twentieth better would cost three times the work.
    private static let level: Int32 = 1

    /// Packs a message that stands behind five bytes, and writes its prefix; nil if that would not
    /// make it smaller.
    package static func deflate(framed: [UInt8]) -> [UInt8]? {
        let count = framed.count - MessagePrefix.count
        guard count > 0, let length = UInt32(exactly: count) else { return nil }
        var stream = z_stream()
        guard assay_deflate_init(&stream, level, windowBits(for: count)) == Z_OK else {
            return nil
        }
        defer { deflateEnd(&stream) }
        var isPacked = false
        var packed = framed.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: framed.count) { memory, used in
                memory[..<MessagePrefix.count].initialize(repeating: 0)
                stream.next_in = UnsafeMutablePointer(
                    mutating: source.baseAddress.map { $0 + MessagePrefix.count })
                stream.avail_in = length
                stream.next_out = memory.baseAddress.map { $0 + MessagePrefix.count }
                // One byte less than the message: packing that gains nothing stops.
                stream.avail_out = length - 1
                isPacked = CZlib.deflate(&stream, Z_FINISH) == Z_STREAM_END
                used = framed.count - 1 - Int(stream.avail_out)
            }
        }
        guard isPacked else { return nil }
        MessagePrefix.write(into: &packed, isPacked: true)
        return packed
    }

    /// No larger than the message: tables for 32 KiB cost more than packing a short message.
    private static func windowBits(for count: Int) -> Int32 {
        let bits = Int.bitWidth - count.leadingZeroBitCount
        return Int32(min(max(bits, 9), 15))
    }
}
