import CZlib

@testable import RPC

/// Makes gzip members that no honest sender would.
enum Packing {
    /// One member with `size` zeros in it, written piece by piece.
    static func zeros(_ size: Int) -> [UInt8] {
        var stream = z_stream()
        _ = assay_deflate_init(&stream, 9, 15)
        defer { deflateEnd(&stream) }
        var packed: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: min(size, 1 << 20))
        var output = [UInt8](repeating: 0, count: 1 << 16)
        var left = size
        var status = Z_OK
        while status != Z_STREAM_END {
            let count = min(left, piece.count)
            left -= count
            piece.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(count)
                repeat {
                    output.withUnsafeMutableBufferPointer { memory in
                        stream.next_out = memory.baseAddress
                        stream.avail_out = UInt32(memory.count)
                        status = CZlib.deflate(&stream, left == 0 ? Z_FINISH : Z_NO_FLUSH)
                    }
                    packed += output.prefix(output.count - Int(stream.avail_out))
                } while stream.avail_out == 0
            }
        }
        return packed
    }

    /// One honest member around `message`.
    static func gzip(_ message: [UInt8]) -> [UInt8] {
        guard let framed = Gzip.deflate(framed: [0, 0, 0, 0, 0] + message) else {
            return stored(message)
        }
        return Array(framed.dropFirst(MessagePrefix.count))
    }

    /// One member that stores `message` as it is (RFC 1951 §3.2.4).
    static func stored(_ message: [UInt8]) -> [UInt8] {
        precondition(message.count <= 0xFFFF, "one stored block")
        let checksum = UInt32(truncatingIfNeeded: crc32(0, message, UInt32(message.count)))
        let length = UInt16(message.count)
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1] + bytes(length) + bytes(~length) + message
            + bytes(checksum) + bytes(UInt32(message.count))
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// A message behind its prefix.
    static func framed(_ message: [UInt8], flag: UInt8 = 1) -> [UInt8] {
        var framed = [0, 0, 0, 0, 0] + message
        MessagePrefix.write(into: &framed, isPacked: true)
        framed[0] = flag
        return framed
    }

    static func inflate(
        _ packed: [UInt8], limit: Int = 1 << 22
    ) throws(FramingFault) -> [UInt8] {
        let result = packed.withUnsafeBytes { bytes in
            Result { () throws(FramingFault) in try Gzip.inflate(bytes, limit: limit) }
        }
        return Array(try result.get().dropFirst(MessagePrefix.count))
    }
}

/// A small generator with a seed (SplitMix64).
struct Dice: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// Bytes that pack about as well as text.
    mutating func text(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0x61...0x68, using: &self) }
    }
}
