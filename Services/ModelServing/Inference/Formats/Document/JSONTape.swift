/// A parsed JSON or UBJSON document as one flat array of words, so that a hostile file cannot make
/// it outgrow four times its own size.
///
/// A scalar is one word: its kind in the top three bits, its byte offset below. A container is a
/// word of the same form, the number of its members, the index just after its last word, then the
/// members (in an object each member is a key and a value). Numbers and strings stay in the bytes
/// of the file until a consumer asks for them in the width it needs; of an array of numbers that
/// UBJSON states in one piece only the start has a word.
struct JSONTape: Sendable {
    enum Kind: UInt32 {
        case null, `false`, `true`, number, string, array, object
        /// UBJSON's array of numbers of one type.
        case numbers

        var name: String {
            switch self {
            case .null: "null"
            case .false, .true: "a boolean"
            case .number: "a number"
            case .string: "a string"
            case .array, .numbers: "an array"
            case .object: "an object"
            }
        }
    }

    enum Syntax: Sendable { case json, ubjson }

    let bytes: [UInt8]
    let words: [UInt32]
    let syntax: Syntax

    /// - Parameter syntax: how the bytes are to be read; by default as they look.
    init(
        _ bytes: [UInt8], limits: FormatLimits = FormatLimits(), syntax: Syntax? = nil
    ) throws(ModelFileError) {
        self.bytes = bytes
        self.syntax = syntax ?? (UBJSONTapeParser.recognizes(bytes) ? .ubjson : .json)
        switch self.syntax {
        case .json:
            var parser = JSONTapeParser(bytes, limits: limits)
            try parser.parse()
            words = parser.words
        case .ubjson:
            var parser = UBJSONTapeParser(bytes, limits: limits)
            try parser.parse()
            words = parser.words
        }
    }

    var root: JSONCursor { JSONCursor(tape: self, index: 0) }

    func kind(at index: Int) -> Kind {
        // Only the parser writes words, and it writes kinds of this enumeration alone.
        Kind(rawValue: words[index] >> Self.offsetBits)!
    }

    func offset(at index: Int) -> Int { Int(words[index] & Self.offsetMask) }

    /// Members of the container at `index`.
    func count(at index: Int) -> Int { Int(words[index + 1]) }

    /// UTF-8 of the key or string whose word holds `offset`, escapes unresolved.
    func rawText(at offset: Int) -> ArraySlice<UInt8> {
        switch syntax {
        case .json: JSONText.raw(bytes, at: offset)
        case .ubjson: UBJSONNumber.text(bytes, at: offset)
        }
    }

    /// Whether the key at `offset` is written as `wanted`, however long it is.
    func hasText(_ wanted: UnsafeBufferPointer<UInt8>, at offset: Int) -> Bool {
        guard syntax == .json else {
            return UBJSONNumber.text(bytes, at: offset).elementsEqual(wanted)
        }
        let end = offset + 1 + wanted.count
        return end < bytes.count && bytes[end] == UInt8(ascii: "\"")
            && bytes[offset + 1..<end].elementsEqual(wanted)
    }

    func text(at offset: Int) -> String {
        let raw = rawText(at: offset)
        guard syntax == .json else { return String(decoding: raw, as: UTF8.self) }
        return String(decoding: JSONText.decoded(raw), as: UTF8.self)
    }

    /// Index of the value that follows the one at `index`.
    func next(after index: Int) -> Int {
        switch kind(at: index) {
        case .array, .object: Int(words[index + 2])
        default: index + 1
        }
    }

    static let offsetBits: UInt32 = 29
    static let offsetMask: UInt32 = (1 << 29) - 1

    static func word(_ kind: Kind, _ offset: Int) -> UInt32 {
        kind.rawValue << offsetBits | UInt32(truncatingIfNeeded: offset)
    }

    /// The path of the value at `target`, found by walking down to it: only errors pay for it.
    func path(to target: Int) -> String {
        var steps: [String] = []
        var index = 0
        while index != target {
            let kind = kind(at: index)
            guard kind == .array || kind == .object else { break }
            var member = index + 3
            var position = 0
            let end = next(after: index)
            while member < end {
                let value = kind == .object ? member + 1 : member
                let following = next(after: value)
                if target < following {
                    steps.append(
                        kind == .object
                            ? JSONText.pathComponent(rawText(at: offset(at: member)))
                            : "[\(position)]")
                    break
                }
                position += 1
                member = following
            }
            guard member < end else { break }
            let value = kind == .object ? member + 1 : member
            // A key itself is at fault: the path of its value says enough.
            if target < value { break }
            index = value
        }
        return JSONText.path(steps)
    }
}
