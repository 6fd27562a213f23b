/// Reads a JSON document (RFC 8259) into the words of a `JSONTape`.
///
/// It keeps its own stack, so that nesting costs no stack of the thread, and refuses what a lenient
/// reader would pass on: duplicate keys, trailing bytes, unpaired surrogates, invalid UTF-8,
/// numbers and strings beyond the limits.
struct JSONTapeParser {
    private let bytes: [UInt8]
    private let limits: FormatLimits
    private var position = 0
    private var builder: JSONTapeBuilder

    var words: [UInt32] { builder.words }

    init(_ bytes: [UInt8], limits: FormatLimits) {
        self.bytes = bytes
        self.limits = limits
        builder = JSONTapeBuilder(documentBytes: bytes.count, limits: limits)
    }

    mutating func parse() throws(ModelFileError) {
        guard bytes.count <= min(limits.artifactBytes, 512 << 20) else {
            throw error(
                "the file has \(bytes.count) bytes; at most \(limits.artifactBytes) are read")
        }
        reserve()
        skipSpace()
        try value()
        while builder.isOpen { try member() }
        skipSpace()
        guard position == bytes.count else { throw error("bytes follow the end of the document") }
    }

    /// One allocation for all words where the file is honest.
    private mutating func reserve() {
        var count = 1
        for byte in bytes {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: ":"): count += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"): count += 3
            default: break
            }
        }
        builder.reserve(count)
    }

    // MARK: Structure

    /// The next member of the innermost container, or its end.
    private mutating func member() throws(ModelFileError) {
        let isObject = builder.isObject
        skipSpace()
        if peek() == UInt8(ascii: isObject ? "}" : "]") {
            position += 1
            return builder.end()
        }
        if builder.memberCount > 0 {
            guard peek() == UInt8(ascii: ",") else {
                throw error(isObject ? "expected , or }" : "expected , or ]")
            }
            position += 1
            skipSpace()
        }
        builder.beginMember()
        if isObject { try key() }
        try value()
    }

    private mutating func key() throws(ModelFileError) {
        guard peek() == UInt8(ascii: "\"") else { throw error("expected a key in quotes") }
        let start = position
        try string()
        let raw = bytes[start + 1..<position - 1]
        let text = raw.contains(UInt8(ascii: "\\")) ? JSONText.decoded(raw)[...] : raw
        let bytes = bytes
        let fault = builder.key(text, at: start) { JSONText.decoded(JSONText.raw(bytes, at: $0)) }
        if let fault { throw error(fault, at: start) }
        skipSpace()
        guard peek() == UInt8(ascii: ":") else { throw error("expected : after a key") }
        position += 1
        skipSpace()
    }

    private mutating func value() throws(ModelFileError) {
        guard let byte = peek() else { throw error("the file ends where a value is expected") }
        switch byte {
        case UInt8(ascii: "{"): try begin(.object)
        case UInt8(ascii: "["): try begin(.array)
        case UInt8(ascii: "\""):
            let start = position
            try string()
            if let fault = builder.append(.string, at: start) { throw error(fault) }
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
        if let fault = builder.begin(kind, at: position) { throw error(fault) }
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
        if let fault = builder.append(kind, at: start) { throw error(fault) }
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
        if let fault = builder.append(.number, at: start) { throw error(fault) }
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
        ModelFileError(
            offset: offset ?? position, path: builder.path { JSONText.raw(bytes, at: $0) },
            reason: reason)
    }
}
