/// Breaks an input in one of the ways in which inputs are broken.
struct Mutation<Generator: RandomNumberGenerator> {
    var generator: Generator

    private mutating func index(below count: Int) -> Int {
        count == 0 ? 0 : Int.random(in: 0..<count, using: &generator)
    }

    private mutating func byte() -> UInt8 {
        [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &generator)]
            .randomElement(using: &generator) ?? 0
    }

    /// A flipped bit, another byte, a piece lost, doubled or moved, a record that nobody knows.
    mutating func applied(to bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        if bytes.isEmpty { return [byte(), byte()] }
        let place = index(below: bytes.count)
        switch index(below: 8) {
        case 0: bytes[place] ^= 1 << UInt8(index(below: 8))
        case 1: bytes[place] = byte()
        case 2: bytes.insert(byte(), at: place)
        case 3: bytes.removeSubrange(place...)
        case 4: bytes.remove(at: place)
        case 5:
            let end = place + index(below: bytes.count - place + 1)
            bytes.insert(contentsOf: bytes[place..<end], at: index(below: bytes.count))
        case 6: bytes += [0xC2, 0x3E, 2, byte(), byte()]
        default: bytes = Array(bytes[place...] + bytes[..<place])
        }
        return bytes
    }

    /// The same for a text, with what matters to JSON.
    mutating func applied(toText text: [UInt8]) -> [UInt8] {
        let pieces = [
            "null", "{}", "[]", "0", "-1", "1e400", "1.5", "\"\"", "\"x\"", "true", ",", ":", "}",
            "\\u00",
            "\"\\ud800\"", "99999999999999999999", "\"NaN\"", " ", "\"unspecified\"", "\"2\"",
        ]
        let piece = Array((pieces.randomElement(using: &generator) ?? "").utf8)
        var text = text
        let place = index(below: text.count)
        switch index(below: 4) {
        case 0: return applied(to: text)
        case 1: text.insert(contentsOf: piece, at: place)
        case 2:
            // In the place of a value.
            guard let colon = text[place...].firstIndex(of: UInt8(ascii: ":")) else { return piece }
            let end = text[colon...].firstIndex {
                $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}")
            }
            text.replaceSubrange(colon + 1..<(end ?? text.count), with: piece)
        default:
            let end = place + index(below: text.count - place + 1)
            text.insert(contentsOf: text[place..<end], at: place)
        }
        return text
    }
}
