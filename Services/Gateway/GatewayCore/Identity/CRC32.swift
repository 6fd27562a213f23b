/// CRC-32 as in ISO-HDLC, zip and Ethernet: polynomial 0x04C11DB7 reflected, all ones in and out.
enum CRC32 {
    /// Eight tables, so that eight bytes are taken at once ("slicing by 8", Kounavis and Berry 2008):
    /// the table k tells what a byte does that k further ones follow.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = []
        for byte in 0..<UInt32(256) {
            var value = byte
            for _ in 0..<8 {
                let isOdd = value & 1 == 1
                value >>= 1
                if isOdd { value ^= 0xEDB8_8320 }
            }
            tables.append(value)
        }
        for index in 256..<8 * 256 {
            let before = tables[index - 256]
            tables.append(before >> 8 ^ tables[Int(before & 0xFF)])
        }
        return tables
    }()

    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        bytes.withContiguousStorageIfAvailable { checksum(UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes { checksum($0) }
    }

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            var (sum, position) = (~UInt32(0), 0)
            while position + 8 <= bytes.count {
                let eight = UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                let mixed = eight ^ UInt64(sum)
                sum = 0
                for index in 0..<8 {
                    let byte = Int(truncatingIfNeeded: mixed >> UInt64(8 * index)) & 0xFF
                    sum ^= tables[(7 - index) * 256 + byte]
                }
                position += 8
            }
            for byte in bytes[position...] {
                sum = sum >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: sum) ^ byte)]
            }
            return ~sum
        }
    }
}
