/// Base64 (RFC 4648): writes the standard alphabet, reads both alphabets, padded or not.
package enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    package static func encode(_ bytes: some Sequence<UInt8>, padded: Bool) -> [UInt8] {
        var text: [UInt8] = []
        encode(bytes, padded: padded, into: &text)
        return text
    }

    static func encode(_ bytes: some Sequence<UInt8>, padded: Bool, into text: inout [UInt8]) {
        var group: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(group >> bits & 63)])
            }
        }
        guard bits > 0 else { return }
        text.append(alphabet[Int(group << (6 - bits) & 63)])
        if padded {
            text.append(contentsOf: repeatElement(UInt8(ascii: "="), count: bits == 2 ? 2 : 1))
        }
    }

    /// Nil if a byte is outside both alphabets, the padding is wrong, the length is impossible, or
    /// a bit behind the last byte is set.
    package static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var group: UInt32 = 0
        var bits: UInt32 = 0
        var digits = 0
        var padding = 0
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let digit = value(of: character) else { return nil }
            digits += 1
            group = group << 6 | digit
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: group >> bits))
                group &= 1 << bits - 1
            }
        }
        guard group == 0, digits % 4 != 1 else { return nil }
        guard padding == 0 || padding <= 2 && (digits + padding) % 4 == 0 else { return nil }
        return bytes
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - 0x41)
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - 0x61) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - 0x30) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
