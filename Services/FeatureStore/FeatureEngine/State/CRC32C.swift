/// CRC-32C (Castagnoli), as in RFC 3720 appendix B.4, eight bytes at a time.
enum CRC32C {
    private static let tables: [[UInt32]] = {
        var tables = [[UInt32]](repeating: [UInt32](repeating: 0, count: 256), count: 8)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            tables[0][byte] = value
        }
        for table in 1..<8 {
            for byte in 0..<256 {
                let previous = tables[table - 1][byte]
                tables[table][byte] = previous >> 8 ^ tables[0][Int(previous & 0xFF)]
            }
        }
        return tables
    }()

    static func checksum(_ bytes: some Collection<UInt8>) -> UInt32 {
        let fast = bytes.withContiguousStorageIfAvailable { checksum(UnsafeRawBufferPointer($0)) }
        return fast ?? Array(bytes).withUnsafeBytes { checksum($0) }
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc: UInt32 = ~0
        var offset = 0
        let tables = tables
        while bytes.count - offset >= 8 {
            let word = UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let mixed = word ^ UInt64(crc)
            crc = 0
            for index in 0..<8 {
                crc ^=
                    tables[7 - index][Int(truncatingIfNeeded: mixed >> (8 * UInt64(index)) & 0xFF)]
            }
            offset += 8
        }
        while offset < bytes.count {
            crc = crc >> 8 ^ tables[0][Int((crc ^ UInt32(bytes[offset])) & 0xFF)]
            offset += 1
        }
        return ~crc
    }
}
