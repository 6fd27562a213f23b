/// Strings of a document whose syntax was checked already.
enum JSONText {
    /// The bytes between the quotes of the string that starts at `offset`.
    static func raw(_ bytes: [UInt8], at offset: Int) -> ArraySlice<UInt8> {
        var end = offset + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
            end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        return bytes[min(offset + 1, bytes.count)..<min(end, bytes.count)]
    }

    /// UTF-8 of a raw string with its escapes resolved.
    static func decoded(_ raw: ArraySlice<UInt8>) -> [UInt8] {
        guard raw.contains(UInt8(ascii: "\\")) else { return Array(raw) }
        var result: [UInt8] = []
        var index = raw.startIndex
        while index < raw.endIndex {
            guard raw[index] == UInt8(ascii: "\\"), index + 1 < raw.endIndex else {
                result.append(raw[index])
                index += 1
                continue
            }
            let escape = raw[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): result.append(8)
            case UInt8(ascii: "f"): result.append(12)
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "t"): result.append(9)
            case UInt8(ascii: "u"): result += scalar(raw, &index)
            default: result.append(escape)
            }
        }
        return result
    }

    /// Value of the four hexadecimal digits at `index`, or nil.
    static func hexadecimal(_ bytes: ArraySlice<UInt8>, at index: Int) -> UInt32? {
        guard index + 4 <= bytes.endIndex else { return nil }
        var value: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - 87)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - 55)
            default: return nil
            }
        }
        return value
    }

    /// One step of a JSON path, quoted unless it is a plain name, and shortened.
    static func pathComponent(_ raw: ArraySlice<UInt8>) -> String {
        let text = String(decoding: raw.prefix(64), as: UTF8.self) + (raw.count > 64 ? "…" : "")
        let plain =
            !raw.isEmpty
            && raw.prefix(64).allSatisfy {
                $0 == UInt8(ascii: "_") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                    || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
                    || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
            }
        return plain ? ".\(text)" : "[\"\(text)\"]"
    }

    /// A JSON path of these steps; of a very deep one its middle is left out.
    static func path(_ steps: [String]) -> String {
        guard steps.count > 40 else { return "$" + steps.joined() }
        return "$" + steps.prefix(32).joined() + "…" + steps.suffix(8).joined()
    }

    private static func scalar(_ raw: ArraySlice<UInt8>, _ index: inout Int) -> [UInt8] {
        guard var value = hexadecimal(raw, at: index) else { return [] }
        index += 4
        if 0xD800..<0xDC00 ~= value, let low = hexadecimal(raw, at: index + 2) {
            value = 0x10000 + (value - 0xD800) << 10 + (low & 0x3FF)
            index += 6
        }
        guard let scalar = Unicode.Scalar(value) else { return [] }
        return Array(Character(scalar).utf8)
    }
}
