extension JSONReader {
    mutating func bool() throws(JSONError) -> Bool {
        skipSpace()
        if skipWord("true") { return true }
        if skipWord("false") { return false }
        throw mismatch("true or false", foundHere())
    }

    /// The text of a value that must be a string; escapes resolved.
    mutating func string() throws(JSONError) -> String {
        skipSpace()
        guard peek == UInt8(ascii: "\"") else { throw mismatch("a string", foundHere()) }
        return try quoted()
    }

    /// Base64 or base64url, padded or not.
    mutating func blob() throws(JSONError) -> [UInt8] {
        let text = try string()
        guard let bytes = Base64.decode(text.utf8) else { throw mismatch("base64", "\"\(text)\"") }
        return bytes
    }

    private mutating func parsed<T>(
        _ expected: String, _ parse: (String) -> T?
    ) throws(JSONError) -> T {
        let text = try string()
        guard let value = parse(text) else { throw mismatch(expected, "\"\(text)\"") }
        return value
    }

    /// A value that is text here and a record in the encoding.
    private mutating func record<T>(
        _ expected: String, _ parse: (String) -> T?
    ) throws(JSONError) -> T {
        try enterRecord()
        let value = try parsed(expected, parse)
        leaveRecord()
        return value
    }

    mutating func uuid() throws(JSONError) -> UniqueID {
        try parsed("a UUID") { UniqueID($0) }
    }

    mutating func timestamp() throws(JSONError) -> Timestamp {
        try record("an RFC 3339 time") { Timestamp($0) }
    }

    mutating func duration() throws(JSONError) -> TimeSpan {
        try record("a duration such as \"1.5s\"") { TimeSpan($0) }
    }

    mutating func date() throws(JSONError) -> CalendarDate {
        try record("a date such as \"2026-11-30\"") { CalendarDate($0) }
    }

    mutating func decimal() throws(JSONError) -> Decimal64 {
        try record(Self.decimalText) { Decimal64($0) }
    }

    private static let decimalText = "a decimal of at most 18 digits"

    private static let moneyTable = FieldTable(
        "money", depth: 1,
        [Field(1, "currency", .string, .required), Field(2, "amount", .decimal, .required)])

    mutating func money() throws(JSONError) -> Money {
        var currency = CurrencyCode.blank()
        var amount = Decimal64.blank()
        var object = try object(Self.moneyTable)
        while let number = try next(&object) {
            if number == 1 {
                currency = try parsed("a currency code") { CurrencyCode($0) }
            } else {
                amount = try parsed(Self.decimalText) { Decimal64($0) }
            }
        }
        try finish(object)
        return Money(amount, currency)
    }

    /// A name, or a number from 0 on.
    @usableFromInline
    package mutating func enumNumber(_ names: EnumNames) throws(JSONError) -> Int32 {
        skipSpace()
        if peek == UInt8(ascii: "\"") {
            let text = try quoted()
            guard let number = names.number(of: text) else {
                throw mismatch("a value of \(names.name)", "\"\(text)\"")
            }
            return number
        }
        let number = try int32()
        if number < 0 { throw mismatch("a value of \(names.name)", String(number)) }
        return number
    }

    // MARK: Numbers

    mutating func int32() throws(JSONError) -> Int32 { try integer() }
    mutating func int64() throws(JSONError) -> Int64 { try integer() }
    mutating func uint32() throws(JSONError) -> UInt32 { try integer() }
    mutating func uint64() throws(JSONError) -> UInt64 { try integer() }

    /// A number or a string that holds one, if it is whole and in range: `5`, `"5"`, `5.0`, `5e2`.
    private mutating func integer<T: FixedWidthInteger>() throws(JSONError) -> T {
        let text = try numberText("an integer")
        if let number = JSONNumber(text.bytes), let value: T = number.integer() { return value }
        throw mismatch("an integer in range", text.shown)
    }

    /// A number, or one of the three values that JSON numbers do not have.
    mutating func double() throws(JSONError) -> Double {
        try floating("a number") { Double($0) }
    }

    mutating func float() throws(JSONError) -> Float {
        try floating("a number") { Float($0) }
    }

    private mutating func floating<T: BinaryFloatingPoint>(
        _ expected: String, _ parse: (String) -> T?
    ) throws(JSONError) -> T {
        let text = try numberText(expected)
        switch text.shown {
        case "\"NaN\"": return T.nan
        case "\"Infinity\"": return T.infinity
        case "\"-Infinity\"": return -T.infinity
        default: break
        }
        guard JSONNumber(text.bytes) != nil,
            let value = parse(String(decoding: text.bytes, as: UTF8.self)), value.isFinite
        else { throw mismatch("\(expected) in range", text.shown) }
        return value
    }

    /// The text of a number, quoted or not, and how to show it.
    private mutating func numberText(
        _ expected: String
    ) throws(JSONError) -> (bytes: [UInt8], shown: String) {
        skipSpace()
        if peek == UInt8(ascii: "\"") {
            let text = try quoted()
            return (Array(text.utf8), "\"\(text)\"")
        }
        let start = position
        while let byte = peek, Self.isNumberByte(byte) { position += 1 }
        guard position > start else { throw mismatch(expected, foundHere()) }
        try chargeText(position - start)
        let token = Array(bytes[start..<position])
        return (token, String(decoding: token, as: UTF8.self))
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
    }

    // MARK: Strings

    /// Charges what a text of so many bytes may take until it has become a value: copies of it, as bytes and
    /// as a string. Short ones are part of a value or gone at once.
    private mutating func chargeText(_ count: Int) throws(JSONError) {
        if count > 15 { try charge(5 * count + 96) }
    }

    /// A quoted string at the position.
    @usableFromInline
    mutating func quoted() throws(JSONError) -> String {
        guard skip("\"") else {
            throw failure(.syntax, "expected a string, found \(foundHere())")
        }
        let rest = try restOfString()
        try chargeText(rest)
        var text: [UInt8] = []
        text.reserveCapacity(rest)
        var start = position
        while let byte = peek {
            if byte == UInt8(ascii: "\"") {
                text += bytes[start..<position]
                position += 1
                guard let string = UTF8Order.string(text) else {
                    throw failure(.syntax, "a string is not UTF-8")
                }
                return string
            }
            if byte < 0x20 { throw failure(.syntax, "a control character in a string") }
            if byte == UInt8(ascii: "\\") {
                text += bytes[start..<position]
                position += 1
                try escape(&text)
                start = position
            } else {
                position += 1
            }
        }
        throw failure(.syntax, "a string without an end")
    }

    /// The bytes up to the quote that ends the string.
    private mutating func restOfString() throws(JSONError) -> Int {
        var end = position
        while end < bytes.count {
            switch bytes[end] {
            case UInt8(ascii: "\""): return end - position
            case UInt8(ascii: "\\"): end += 2
            default: end += 1
            }
        }
        position = bytes.count
        throw failure(.syntax, "a string without an end")
    }

    private mutating func escape(_ text: inout [UInt8]) throws(JSONError) {
        guard let byte = peek else { throw failure(.syntax, "a string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += try unicodeEscape()
        default: throw failure(.syntax, "no such escape")
        }
    }

    /// `XXXX`, with the second half of a surrogate pair.
    private mutating func unicodeEscape() throws(JSONError) -> [UInt8] {
        var code = try fourHexDigits()
        if (0xD800..<0xDC00).contains(code) {
            guard skip("\\"), skip("u") else { throw failure(.syntax, "half a surrogate pair") }
            let low = try fourHexDigits()
            guard (0xDC00..<0xE000).contains(low) else {
                throw failure(.syntax, "half a surrogate pair")
            }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw failure(.syntax, "half a surrogate pair")
        }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, byte < 0x80,
                let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { throw failure(.syntax, "four hexadecimal digits are expected") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
