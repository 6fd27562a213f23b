/// The shortest text that a pattern of wire.md §5 matches.
enum PatternExample {
    static func text(matching pattern: String) -> String? {
        var text: [UInt8] = []
        var rest = Array(pattern.utf8)[...]
        while let byte = rest.popFirst() {
            guard let atom = atom(byte, &rest), let count = least(&rest) else { return nil }
            text += [UInt8](repeating: atom, count: count)
        }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }

    /// One byte that the atom matches: of a class the first.
    private static func atom(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\\"): return rest.popFirst()
        case UInt8(ascii: "["):
            var first = rest.popFirst()
            if first == UInt8(ascii: "\\") { first = rest.popFirst() }
            while let next = rest.popFirst(), next != UInt8(ascii: "]") {
                if next == UInt8(ascii: "\\") { rest = rest.dropFirst() }
            }
            return first
        default: return byte
        }
    }

    /// How often the atom must stand there at least; one that need not is there once all the same.
    private static func least(_ rest: inout ArraySlice<UInt8>) -> Int? {
        switch rest.first {
        case UInt8(ascii: "?"), UInt8(ascii: "*"), UInt8(ascii: "+"):
            rest.removeFirst()
            return 1
        case UInt8(ascii: "{"):
            guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else { return nil }
            let inner = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            let numbers = inner.split(separator: ",").compactMap { Int($0) }
            guard let low = numbers.first, let high = numbers.last else { return nil }
            return max(low, min(1, high))
        default: return 1
        }
    }
}
