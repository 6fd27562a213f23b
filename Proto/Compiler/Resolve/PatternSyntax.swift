/// The pattern language of wire.md §5: literals and classes, each with `?`, `*`, `+`, `{n}` or
/// `{n,m}`; ASCII; matched against the whole value.
enum PatternSyntax {
    static let maximumPositions = 64

    /// What is wrong with a pattern; nil if it is within the subset.
    static func problem(in pattern: String) -> String? {
        var bytes = Array(pattern.utf8)[...]
        if bytes.isEmpty { return "the pattern is empty" }
        var positions = 0
        while let byte = bytes.popFirst() {
            if let problem = skipAtom(byte, &bytes) { return problem }
            guard let count = repetitions(&bytes) else { return "'{…}' takes n or n,m with n ≤ m" }
            positions += count
            if positions > maximumPositions {
                return "the pattern has more than \(maximumPositions) positions"
            }
        }
        return nil
    }

    private static let special = Array("?*+{}[]()|^$.".utf8)

    private static func skipAtom(_ byte: UInt8, _ bytes: inout ArraySlice<UInt8>) -> String? {
        let shown = String(decoding: [byte], as: UTF8.self)
        switch byte {
        case UInt8(ascii: "["):
            return skipClass(&bytes)
        case UInt8(ascii: "\\"):
            guard let next = bytes.popFirst(), special.contains(next) || next == byte else {
                return "'\\' stands only before a special character"
            }
            return nil
        case _ where special.contains(byte):
            return "'\(shown)' is not part of the pattern language; write '\\\(shown)' for itself"
        case 0x20..<0x7F:
            return nil
        default:
            return "patterns are ASCII"
        }
    }

    /// `[a-z0-9_]`, behind the bracket; no negation.
    private static func skipClass(_ bytes: inout ArraySlice<UInt8>) -> String? {
        var members = 0
        if bytes.first == UInt8(ascii: "^") { return "classes have no '^'" }
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "]") { return members == 0 ? "a class is empty" : nil }
            guard (0x20..<0x7F).contains(byte) else { return "patterns are ASCII" }
            var low = byte
            if byte == UInt8(ascii: "\\") {
                guard let next = bytes.popFirst() else { break }
                low = next
            }
            members += 1
            guard bytes.first == UInt8(ascii: "-"), bytes.dropFirst().first != UInt8(ascii: "]")
            else { continue }
            bytes.removeFirst()
            guard let high = bytes.popFirst(), (low..<0x7F).contains(high) else {
                return "a class has a reversed range"
            }
        }
        return "a class has no ']'"
    }

    /// The positions that an atom takes with its repetition; nil if it is malformed.
    private static func repetitions(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        switch bytes.first {
        case UInt8(ascii: "?"), UInt8(ascii: "*"), UInt8(ascii: "+"):
            bytes.removeFirst()
            return 1
        case UInt8(ascii: "{"):
            guard let end = bytes.firstIndex(of: UInt8(ascii: "}")) else { return nil }
            let text = String(decoding: bytes[(bytes.startIndex + 1)..<end], as: UTF8.self)
            bytes = bytes[(end + 1)...]
            let parts = text.split(separator: ",", omittingEmptySubsequences: false)
            let numbers = parts.compactMap { part in
                part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil
            }
            guard numbers.count == parts.count, (1...2).contains(numbers.count),
                let low = numbers.first, let high = numbers.last, low <= high, high > 0
            else { return nil }
            return min(high, maximumPositions + 1)
        default:
            return 1
        }
    }
}
