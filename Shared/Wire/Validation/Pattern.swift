/// A pattern of literals and classes, each with `?`, `*`, `+`, `{n}` or `{n,m}`: ASCII, whole match.
///
/// It is expanded to at most 64 positions; matching steps a 64-bit set of positions over the input, in
/// linear time and without backtracking (Glushkov's automaton).
public struct Pattern: Sendable {
    /// Why a text is not a pattern.
    public struct SyntaxError: Error, Hashable, CustomStringConvertible {
        /// The byte at which it shows.
        public let offset: Int
        public let message: String
        public var description: String { "\(message) at byte \(offset)" }
    }

    /// The most positions of an expanded pattern.
    public static let maximumPositions = 64

    public let text: String
    /// Per ASCII character, the positions that it matches.
    private let accepting: [UInt64]
    /// Per position, the positions that may come next.
    private let following: [UInt64]
    /// The positions that may come first, and those that may come last.
    private let first: UInt64
    private let last: UInt64
    private let matchesEmpty: Bool

    /// A pattern that the schema compiler has checked; any other is a programming error.
    public init(_ text: String) {
        do {
            try self.init(parsing: text)
        } catch {
            preconditionFailure("not a pattern: \(text): \(error)")
        }
    }

    public init(parsing text: String) throws(SyntaxError) {
        var parser = PatternParser(text)
        let positions = try parser.parse()
        self.text = text
        accepting = (0..<128).map { character in
            positions.indices.reduce(0) { set, index in
                positions[index].characters.contains(UInt8(character))
                    ? set | 1 << UInt64(index) : set
            }
        }
        func reachable(from start: Int) -> UInt64 {
            var set: UInt64 = 0
            for index in start..<max(start, positions.count) {
                set |= 1 << UInt64(index)
                if !positions[index].isOptional { break }
            }
            return set
        }
        first = reachable(from: 0)
        following = positions.indices.map { index in
            reachable(from: index + 1) | (positions[index].repeats ? 1 << UInt64(index) : 0)
        }
        var final: UInt64 = 0
        var restIsOptional = true
        for index in positions.indices.reversed() where restIsOptional {
            final |= 1 << UInt64(index)
            restIsOptional = positions[index].isOptional
        }
        last = final
        matchesEmpty = restIsOptional
    }

    /// True if the pattern matches all of `input`.
    public func matches(_ input: String) -> Bool {
        var next = first
        var state: UInt64 = 0
        var isEmpty = true
        for byte in input.utf8 {
            guard byte < 128 else { return false }
            isEmpty = false
            state = next & accepting[Int(byte)]
            if state == 0 { return false }
            next = 0
            var rest = state
            while rest != 0 {
                next |= following[rest.trailingZeroBitCount]
                rest &= rest - 1
            }
        }
        return isEmpty ? matchesEmpty : state & last != 0
    }
}

/// One place of an expanded pattern.
struct PatternPosition {
    let characters: Set<UInt8>
    var isOptional = false
    var repeats = false
}

struct PatternParser {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func parse() throws(Pattern.SyntaxError) -> [PatternPosition] {
        var positions: [PatternPosition] = []
        while offset < bytes.count {
            let start = offset
            let characters = try atom()
            positions += try quantified(characters)
            if positions.count > Pattern.maximumPositions {
                throw .init(offset: start, message: "over \(Pattern.maximumPositions) positions")
            }
        }
        return positions
    }

    private func failure(_ message: String) -> Pattern.SyntaxError {
        .init(offset: offset, message: message)
    }

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: scalar) else { return false }
        offset += 1
        return true
    }

    private mutating func atom() throws(Pattern.SyntaxError) -> Set<UInt8> {
        if skip("[") { return try characterClass() }
        return [try literal(special: "()[]{}|^$.?*+")]
    }

    private mutating func literal(special: String) throws(Pattern.SyntaxError) -> UInt8 {
        let isEscaped = skip("\\")
        guard let byte = peek, byte >= 0x20, byte < 0x7F else {
            throw failure("a printable ASCII character is expected")
        }
        if !isEscaped, special.utf8.contains(byte) {
            throw failure("\(Character(Unicode.Scalar(byte))) must be escaped here")
        }
        if isEscaped, Unicode.Scalar(byte).properties.isAlphabetic || (0x30...0x39).contains(byte) {
            throw failure("no such escape")
        }
        offset += 1
        return byte
    }

    private mutating func characterClass() throws(Pattern.SyntaxError) -> Set<UInt8> {
        let isNegated = skip("^")
        var characters: Set<UInt8> = []
        while !skip("]") {
            let low = try literal(special: "[]^")
            if peek == UInt8(ascii: "-"), offset + 1 < bytes.count,
                bytes[offset + 1] != UInt8(ascii: "]")
            {
                offset += 1
                let high = try literal(special: "[]^")
                guard low <= high else { throw failure("the range is reversed") }
                characters.formUnion(low...high)
            } else {
                characters.insert(low)
            }
        }
        if characters.isEmpty { throw failure("the class is empty") }
        return isNegated ? Set(0..<128).subtracting(characters) : characters
    }

    private mutating func quantified(
        _ characters: Set<UInt8>
    ) throws(Pattern.SyntaxError) -> [PatternPosition] {
        let one = PatternPosition(characters: characters)
        if skip("?") { return [.init(characters: characters, isOptional: true)] }
        if skip("+") { return [.init(characters: characters, repeats: true)] }
        if skip("*") { return [.init(characters: characters, isOptional: true, repeats: true)] }
        guard skip("{") else { return [one] }
        let least = try number()
        let most = skip(",") ? try number() : least
        guard skip("}") else { throw failure("a } is expected") }
        guard most >= 1, least <= most else { throw failure("the counts are empty or reversed") }
        let optional = PatternPosition(characters: characters, isOptional: true)
        return Array(repeating: one, count: least)
            + Array(repeating: optional, count: most - least)
    }

    private mutating func number() throws(Pattern.SyntaxError) -> Int {
        var value = 0
        var digits = 0
        while let digit = peek, (0x30...0x39).contains(digit) {
            value = value * 10 + Int(digit - 0x30)
            digits += 1
            guard value <= Pattern.maximumPositions else {
                throw failure("over \(Pattern.maximumPositions) positions")
            }
            offset += 1
        }
        guard digits > 0 else { throw failure("a number is expected") }
        return value
    }
}
