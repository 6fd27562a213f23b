/// The Huffman code of RFC 7541, appendix B. It is canonical: the lengths of the codes determine
/// them, in order of length and then of symbol.
public enum HuffmanCode {
    /// Bits per symbol; the last one is the end of the string.
    private static let lengths: [UInt8] = [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
        28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
        5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
        6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
        24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
        21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
        19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
        26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ]

    private struct Code: Hashable {
        let bits: UInt32
        let length: UInt8
    }

    private static let codes: [Code] = {
        var codes = Array(repeating: Code(bits: 0, length: 0), count: lengths.count)
        var next: UInt32 = 0
        var previous: UInt8 = 0
        let order = lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
        for symbol in order {
            next <<= UInt32(lengths[symbol] - previous)
            previous = lengths[symbol]
            codes[symbol] = Code(bits: next, length: previous)
            next += 1
        }
        return codes
    }()

    private static let symbols = Dictionary(
        uniqueKeysWithValues: codes.enumerated().map { ($1, $0) })

    /// The end of the string, which must not be sent.
    public static let endOfString = 256

    /// - Parameters:
    ///   - symbols: bytes, or `endOfString`.
    ///   - fill: the bit that the last byte is filled up with; an honest encoder takes ones.
    ///   - extra: bytes of such bits behind that.
    public static func encode(_ symbols: [Int], fill: Bool = true, extra: Int = 0) -> [UInt8] {
        var bits: [Bool] = []
        for symbol in symbols {
            let code = codes[symbol]
            for shift in (0..<code.length).reversed() { bits.append(code.bits >> shift & 1 == 1) }
        }
        while bits.count % 8 != 0 { bits.append(fill) }
        bits += Array(repeating: fill, count: 8 * extra)
        return stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<start + 8].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        }
    }

    public static func encode(_ text: String) -> [UInt8] { encode(text.utf8.map { Int($0) }) }

    /// Nil if the padding is wrong or the end of the string occurs (RFC 7541 §5.2).
    public static func decode(_ bytes: [UInt8]) -> [UInt8]? {
        var output: [UInt8] = []
        var bits: UInt32 = 0
        var length: UInt8 = 0
        for byte in bytes {
            for shift in (0..<8).reversed() {
                bits = bits << 1 | UInt32(byte >> UInt8(shift) & 1)
                length += 1
                guard length <= 30 else { return nil }
                guard let symbol = symbols[Code(bits: bits, length: length)] else { continue }
                if symbol == endOfString { return nil }
                output.append(UInt8(symbol))
                (bits, length) = (0, 0)
            }
        }
        let isPadding = length < 8 && bits == (1 << UInt32(length)) - 1
        return isPadding ? output : nil
    }
}
