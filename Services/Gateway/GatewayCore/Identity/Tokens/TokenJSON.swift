/// A value of JSON [RFC 8259] as tokens and key sets hold it.
indirect enum JSONValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var list: [JSONValue]? { if case .list(let list) = self { list } else { nil } }
    var object: [String: JSONValue]? { if case .object(let object) = self { object } else { nil } }
}

/// Why a text is not JSON, or more than is read of it.
struct JSONRefusal: Error, Hashable {
    let message: String
}

/// Reads JSON that was written by a stranger.
///
/// Strict, because two readers that disagree about one text are how signatures are talked around: no
/// name twice in an object, no text behind the value, UTF-8 without exceptions, no number beyond a
/// double's. Depth and number of values are bounded.
struct TokenJSON {
    static let maximumDepth = 8

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var remainingValues: Int

    private init(_ bytes: ArraySlice<UInt8>, maximumValues: Int) {
        self.bytes = bytes
        position = bytes.startIndex
        remainingValues = maximumValues
    }

    /// The object that is all of a text.
    static func object(
        _ bytes: ArraySlice<UInt8>, maximumValues: Int = 512
    ) throws(JSONRefusal) -> [String: JSONValue] {
        var reader = TokenJSON(bytes, maximumValues: maximumValues)
        guard let object = try reader.value(depth: 0).object else {
            throw JSONRefusal(message: "is no object")
        }
        reader.skipSpace()
        guard reader.peek == nil else { throw JSONRefusal(message: "text behind the object") }
        return object
    }

    private var peek: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONRefusal) -> JSONValue {
        remainingValues -= 1
        guard remainingValues >= 0 else { throw JSONRefusal(message: "too many values") }
        guard depth < Self.maximumDepth else { throw JSONRefusal(message: "nested too deeply") }
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .list(try elements(depth: depth))
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw JSONRefusal(message: "ends too early")
        default: return .number(try number())
        }
    }

    private mutating func word(
        _ word: String, _ value: JSONValue
    ) throws(JSONRefusal) -> JSONValue {
        for byte in word.utf8 where !skip(byte) { throw JSONRefusal(message: "no such word") }
        return value
    }

    private mutating func members(depth: Int) throws(JSONRefusal) -> [String: JSONValue] {
        position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if skip(UInt8(ascii: "}")) { return members }
        while true {
            skipSpace()
            let name = try string()
            skipSpace()
            guard skip(UInt8(ascii: ":")) else { throw JSONRefusal(message: "a colon is missing") }
            let value = try value(depth: depth + 1)
            guard members.updateValue(value, forKey: name) == nil else {
                throw JSONRefusal(message: "a name is there twice")
            }
            skipSpace()
            if skip(UInt8(ascii: ",")) { continue }
            guard skip(UInt8(ascii: "}")) else { throw JSONRefusal(message: "a comma is missing") }
            return members
        }
    }

    private mutating func elements(depth: Int) throws(JSONRefusal) -> [JSONValue] {
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if skip(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if skip(UInt8(ascii: ",")) { continue }
            guard skip(UInt8(ascii: "]")) else { throw JSONRefusal(message: "a comma is missing") }
            return elements
        }
    }

    // MARK: Numbers

    /// By the grammar of RFC 8259, and finite.
    private mutating func number() throws(JSONRefusal) -> Double {
        let start = position
        _ = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { try digits() }
        if skip(UInt8(ascii: ".")) { try digits() }
        if let byte = peek, byte | 0x20 == UInt8(ascii: "e") {
            position += 1
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard text.utf8.count <= 64, let number = Double(text), number.isFinite else {
            throw JSONRefusal(message: "a number that is too large")
        }
        return number
    }

    private mutating func digits() throws(JSONRefusal) {
        let start = position
        while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
        guard position > start else { throw JSONRefusal(message: "no such value") }
    }

    // MARK: Texts

    private mutating func string() throws(JSONRefusal) -> String {
        guard skip(UInt8(ascii: "\"")) else { throw JSONRefusal(message: "a name is missing") }
        let start = position
        while let byte = peek, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\")
        {
            position += 1
        }
        var text = Array(bytes[start..<position])
        while let byte = peek, byte >= 0x20 {
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw JSONRefusal(message: "a text is not UTF-8")
                }
                return string
            }
            if byte == UInt8(ascii: "\\") { try escape(&text) } else { text.append(byte) }
        }
        throw JSONRefusal(message: "a text does not end, or has a control character")
    }

    private mutating func escape(_ text: inout [UInt8]) throws(JSONRefusal) {
        let letter = peek
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter ?? 0)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += Array(String(Character(try scalar())).utf8)
        default: throw JSONRefusal(message: "no such escape")
        }
    }

    /// A `\uXXXX`, with the second half of a surrogate pair.
    private mutating func scalar() throws(JSONRefusal) -> Unicode.Scalar {
        var code = try fourDigits()
        if (0xD800..<0xDC00).contains(code), skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) {
            let low = try fourDigits()
            guard (0xDC00..<0xE000).contains(low) else {
                throw JSONRefusal(message: "half a surrogate pair")
            }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw JSONRefusal(message: "half a surrogate pair")
        }
        return scalar
    }

    private mutating func fourDigits() throws(JSONRefusal) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, byte < 0x80,
                let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { throw JSONRefusal(message: "four hexadecimal digits are expected") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
