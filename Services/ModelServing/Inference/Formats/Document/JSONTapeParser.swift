/// Reads a JSON document (RFC 8259) into the words of a `JSONTape`.
///
/// It keeps its own stack, so that nesting costs no stack of the thread, and refuses what a lenient
/// reader would pass on: duplicate keys, trailing bytes, unpaired surrogates, invalid UTF-8,
/// numbers and strings beyond the limits.
struct JSONTapeParser {
    private struct Frame {
        let head: Int
        let isObject: Bool
        var count = 0
        /// Where the keys of this object start among `keys`.
        let firstKey: Int
    }

    private let bytes: [UInt8]
    private let limits: FormatLimits
    private var position = 0
    private var frames: [Frame] = []
    /// Offsets of the opening quotes of the keys of all open objects.
    private var keys: [Int] = []
    private(set) var words: [UInt32] = []

    init(_ bytes: [UInt8], limits: FormatLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func parse() throws(ModelFileError) {
        guard bytes.count <= min(limits.artifactBytes, 512 << 20) else {
            throw error(
                "the file has \(bytes.count) bytes; at most \(limits.artifactBytes) are read")
        }
        reserve()
        skipSpace()
        try value()
        while !frames.isEmpty { try member() }
        skipSpace()
        guard position == bytes.count else { throw error("bytes follow the end of the document") }
    }

    /// One allocation for all words where the file is honest; never more than four bytes per byte.
    private mutating func reserve() {
        var count = 1
        for byte in bytes {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: ":"): count += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"): count += 3
            default: break
            }
        }
        words.reserveCapacity(min(count, bytes.count + 64))
    }

    // MARK: Structure

    /// The next member of the innermost container, or its end.
    private mutating func member() throws(ModelFileError) {
        let top = frames.count - 1
        let isObject = frames[top].isObject
        let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        skipSpace()
        if peek() == close {
            position += 1
            return endContainer()
        }
        if frames[top].count > 0 {
            guard peek() == UInt8(ascii: ",") else {
                throw error(isObject ? "expected , or }" : "expected , or ]")
            }
            position += 1
            skipSpace()
        }
        frames[top].count += 1
        if isObject { try key() }
        try value()
    }

    private mutating func endContainer() {
        let frame = frames.removeLast()
        words[frame.head + 1] = UInt32(truncatingIfNeeded: frame.count)
        words[frame.head + 2] = UInt32(truncatingIfNeeded: words.count)
        keys.removeSubrange(frame.firstKey...)
    }

    private mutating func key() throws(ModelFileError) {
        guard peek() == UInt8(ascii: "\"") else { throw error("expected a key in quotes") }
        let start = position
        try string()
        let frame = frames[frames.count - 1]
        guard keys.count - frame.firstKey < limits.keysPerObject else {
            throw error("an object has more than \(limits.keysPerObject) keys", at: start)
        }
        let raw = JSONText.raw(bytes, at: start)
        for other in keys[frame.firstKey...] where sameText(raw, JSONText.raw(bytes, at: other)) {
            throw error("the key \(JSONText.pathComponent(raw)) stands here twice", at: start)
        }
        keys.append(start)
        skipSpace()
        guard peek() == UInt8(ascii: ":") else { throw error("expected : after a key") }
        position += 1
        skipSpace()
    }

    private func sameText(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool {
        if a.count == b.count && a.elementsEqual(b) { return true }
        let escape = UInt8(ascii: "\\")
        guard a.contains(escape) || b.contains(escape) else { return false }
        return JSONText.decoded(a) == JSONText.decoded(b)
    }

    private mutating func value() throws(ModelFileError) {
        guard let byte = peek() else { throw error("the file ends where a value is expected") }
        switch byte {
        case UInt8(ascii: "{"): try begin(.object)
        case UInt8(ascii: "["): try begin(.array)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"): try literal("true", .true)
        case UInt8(ascii: "f"): try literal("false", .false)
        case UInt8(ascii: "n"): try literal("null", .null)
        // XGBoost writes NaN where a categorical split has no threshold; only such a place may hold
        // it.
        case UInt8(ascii: "N"): try literal("NaN", .number)
        case UInt8(ascii: "I"): throw error("Infinity is not a number of a model")
        default: throw error("expected a value")
        }
    }

    private mutating func begin(_ kind: JSONTape.Kind) throws(ModelFileError) {
        guard frames.count < limits.depth else {
            throw error("nested deeper than \(limits.depth) levels")
        }
        frames.append(
            Frame(head: words.count, isObject: kind == .object, firstKey: keys.count))
        words.append(JSONTape.word(kind, position))
        words.append(0)
        words.append(0)
        position += 1
    }

    // MARK: Scalars

    private mutating func literal(_ text: StaticString, _ kind: JSONTape.Kind)
        throws(ModelFileError)
    {
        let start = position
        for index in 0..<text.utf8CodeUnitCount {
            guard peek() == text.utf8Start[index] else { throw error("expected \(text)") }
            position += 1
        }
        words.append(JSONTape.word(kind, start))
    }

    private mutating func number() throws(ModelFileError) {
        let start = position
        if peek() == UInt8(ascii: "-") {
            position += 1
            if peek() == UInt8(ascii: "I") {
                throw error("Infinity is not a number of a model", at: start)
            }
        }
        if peek() == UInt8(ascii: "0") {
            position += 1
            if let next = peek(), Self.isDigit(next) {
                throw error("a number starts with a needless 0", at: start)
            }
        } else {
            try digits()
        }
        if peek() == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            position += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        guard position - start <= limits.numberBytes else {
            throw error("a number is longer than \(limits.numberBytes) characters", at: start)
        }
        words.append(JSONTape.word(.number, start))
    }

    private mutating func digits() throws(ModelFileError) {
        let start = position
        while let byte = peek(), Self.isDigit(byte) { position += 1 }
        guard position > start else { throw error("expected a digit") }
    }

    private mutating func string() throws(ModelFileError) {
        let start = position
        position += 1
        while true {
            guard let byte = peek() else { throw error("the file ends inside a string", at: start) }
            guard position - start <= limits.stringBytes else {
                throw error("a string is longer than \(limits.stringBytes) bytes", at: start)
            }
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                words.append(JSONTape.word(.string, start))
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw error("a string holds a control character")
            case 0..<0x80: position += 1
            default: try multibyte()
            }
        }
    }

    private mutating func escape() throws(ModelFileError) {
        guard position + 1 < bytes.count else { throw error("the file ends inside a string") }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard let high = JSONText.hexadecimal(bytes[...], at: position + 2) else {
                throw error("expected four hexadecimal digits")
            }
            position += 6
            guard 0xD800..<0xE000 ~= high else { return }
            let pairs =
                high < 0xDC00 && position + 1 < bytes.count
                && bytes[position] == UInt8(ascii: "\\")
                && bytes[position + 1] == UInt8(ascii: "u")
            guard pairs, let low = JSONText.hexadecimal(bytes[...], at: position + 2),
                0xDC00..<0xE000 ~= low
            else { throw error("an unpaired surrogate", at: position - 6) }
            position += 6
        default: throw error("an unknown escape")
        }
    }

    /// One scalar of well-formed UTF-8 (Unicode 15, table 3-7).
    private mutating func multibyte() throws(ModelFileError) {
        let lead = bytes[position]
        let second: ClosedRange<UInt8>
        let length: Int
        switch lead {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw error("invalid UTF-8")
        }
        guard position + length <= bytes.count, second ~= bytes[position + 1],
            bytes[position + 2..<position + length].allSatisfy({ $0 & 0xC0 == 0x80 })
        else { throw error("invalid UTF-8") }
        position += length
    }

    // MARK: Bytes and errors

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while position < bytes.count,
            bytes[position] == 32 || bytes[position] == 10 || bytes[position] == 13
                || bytes[position] == 9
        {
            position += 1
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

    private func error(_ reason: String, at offset: Int? = nil) -> ModelFileError {
        var path = "$"
        for (index, frame) in frames.enumerated() {
            if frame.isObject {
                let end = index + 1 < frames.count ? frames[index + 1].firstKey : keys.count
                guard end > frame.firstKey else { break }
                path += JSONText.pathComponent(JSONText.raw(bytes, at: keys[end - 1]))
            } else if frame.count > 0 {
                path += "[\(frame.count - 1)]"
            }
        }
        return ModelFileError(offset: offset ?? position, path: path, reason: reason)
    }
}
