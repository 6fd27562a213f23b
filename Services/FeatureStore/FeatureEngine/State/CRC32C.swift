/// CRC-32C (Castagnoli), as in RFC 3720 appendix B.4, sixteen bytes at a time.
enum CRC32C {
    /// Sixteen tables of 256: the first is of one byte, each other of a byte that many further on.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<tables.count {
            let previous = tables[index - 256]
            tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
        }
        return tables
    }()

    static func checksum(_ raw: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            var crc: UInt32 = ~0
            var offset = 0
            /// What the byte at `shift` adds, with `table` more bytes behind it.
            func part(_ word: UInt64, _ shift: UInt64, _ table: Int) -> UInt32 {
                tables[table << 8 | Int(truncatingIfNeeded: word >> shift & 0xFF)]
            }
            func word(_ offset: Int) -> UInt64 {
                UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
            /// What eight bytes add, with `table` more bytes behind them.
            func parts(_ word: UInt64, _ table: Int) -> UInt32 {
                let low =
                    part(word, 0, table + 7) ^ part(word, 8, table + 6) ^ part(word, 16, table + 5)
                    ^ part(word, 24, table + 4)
                let high =
                    part(word, 32, table + 3) ^ part(word, 40, table + 2)
                    ^ part(word, 48, table + 1) ^ part(word, 56, table)
                return low ^ high
            }
            while raw.count - offset >= 16 {
                crc = parts(word(offset) ^ UInt64(crc), 8) ^ parts(word(offset + 8), 0)
                offset += 16
            }
            while offset < raw.count {
                crc = crc >> 8 ^ tables[Int((crc ^ UInt32(raw[offset])) & 0xFF)]
                offset += 1
            }
            return ~crc
        }
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0) }
    }
}
