/// Two mebibytes of zeros, packed to less than a hundredth (RFC 1951, fixed codes): one literal, then
/// copies of what came before.
enum GzipBomb {
    static let bytes: [UInt8] = {
        var deflated: [UInt8] = []
        var (buffer, count): (UInt32, UInt32) = (0, 0)
        /// Codes are packed from their highest bit on.
        func add(_ code: String) {
            for bit in code {
                buffer |= (bit == "1" ? 1 : 0) << count
                count += 1
                if count == 8 {
                    deflated.append(UInt8(buffer))
                    (buffer, count) = (0, 0)
                }
            }
        }
        add("1" + "10")  // The last block, with fixed codes.
        add("00110000")  // The literal 0.
        for _ in 0..<(2 << 20) / 258 { add("11000101" + "00000") }  // 258 bytes, from 1 before.
        add("0000000" + "0000000")  // The end, and padding.
        return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255] + deflated + [UInt8](repeating: 0, count: 8)
    }()
}
