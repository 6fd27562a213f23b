/// Base32 of RFC 4648, section 6, in lower case and without padding: what keys are written in,
/// because it survives being read aloud and has no character that shells or URLs treat specially.
enum Base32 {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "2")...UInt8(ascii: "7")).contains(byte)
    }

    /// One of the seven digits that 32 bits are written in, the first holding the highest.
    static func digit(_ index: Int, of value: UInt32) -> UInt8 {
        let position = UInt8((UInt64(value) << 3) >> UInt64(30 - 5 * index) & 31)
        return position < 26 ? UInt8(ascii: "a") + position : UInt8(ascii: "2") + position - 26
    }

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[Int(buffer >> UInt32(bits) & 31)])
            }
            buffer &= 0xFF
        }
        if bits > 0 { text.append(alphabet[Int(buffer << UInt32(5 - bits) & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }
}
