/// Reads a UBJSON document (Draft 12, as XGBoost writes it: big-endian) into the words of a
/// `JSONTape`.
///
/// An array that states one numeric type for all its elements stays in the bytes as it is, one
/// word for all of it. Every count is compared with the bytes that are left before it is believed.
struct UBJSONTapeParser {
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

    /// Whether a file starts as a UBJSON object does; no JSON object starts so.
    static func recognizes(_ bytes: some Collection<UInt8>) -> Bool {
        let head = Array(bytes.prefix(2))
        return head.count == 2 && head[0] == UInt8(ascii: "{") && "LlIUi$#".utf8.contains(head[1])
    }

    mutating func parse() throws(ModelFileError) {
        guard bytes.count <= min(limits.artifactBytes, 512 << 20) else {
            throw error(
                "the file has \(bytes.count) bytes; at most \(limits.artifactBytes) are read")
        }
        try value()
        while builder.isOpen { try member() }
        guard position == bytes.count else { throw error("bytes follow the end of the document") }
    }

    // MARK: Structure

    /// The next member of the innermost container, or its end.
    private mutating func member() throws(ModelFileError) {
        if let remaining = builder.remaining {
            guard remaining > 0 else { return builder.end() }
        } else if peek() == UInt8(ascii: builder.isObject ? "}" : "]") {
            position += 1
            return builder.end()
        }
        builder.beginMember()
        if builder.isObject { try key() }
        try value()
    }

    private mutating func key() throws(ModelFileError) {
        let start = position
        let text = try text()
        let bytes = bytes
        let fault = builder.key(text, at: start) { Array(UBJSONNumber.text(bytes, at: $0)) }
        if let fault { throw error(fault, at: start) }
    }

    private mutating func value() throws(ModelFileError) {
        guard let marker = peek() else { throw error("the file ends where a value is expected") }
        switch marker {
        case UInt8(ascii: "{"):
            if let next = peek(1), next == UInt8(ascii: "$") || next == UInt8(ascii: "#") {
                throw error("an object that states its type or count is not read")
            }
            try begin(.object, remaining: nil, headBytes: 1)
        case UInt8(ascii: "["): try array()
        case UInt8(ascii: "S"):
            let start = position + 1
            position = start
            _ = try text()
            if let fault = builder.append(.string, at: start) { throw error(fault) }
        case UInt8(ascii: "Z"): try scalar(.null, width: 0)
        case UInt8(ascii: "T"): try scalar(.true, width: 0)
        case UInt8(ascii: "F"): try scalar(.false, width: 0)
        default:
            guard let width = UBJSONNumber.width(marker) else {
                throw error("\(Self.name(marker)) is no value that is read")
            }
            try scalar(.number, width: width)
        }
    }

    private mutating func array() throws(ModelFileError) {
        let start = position
        if peek(1) == UInt8(ascii: "#") {
            position += 2
            let count = try length()
            guard count <= bytes.count - position else {
                throw error(
                    "\(count) elements in the \(bytes.count - position) bytes that follow",
                    at: start)
            }
            let head = position - start
            position = start
            return try begin(.array, remaining: count, headBytes: head)
        }
        guard peek(1) == UInt8(ascii: "$") else {
            return try begin(.array, remaining: nil, headBytes: 1)
        }
        guard let marker = peek(2), let width = UBJSONNumber.width(marker) else {
            throw error("an array of \(peek(2).map(Self.name) ?? "nothing") is not read")
        }
        guard peek(3) == UInt8(ascii: "#") else {
            throw error("an array states its type without its count")
        }
        position += 4
        let count = try length()
        guard count <= (bytes.count - position) / width else {
            throw error(
                "\(count) elements of \(width) bytes in the \(bytes.count - position) bytes that "
                    + "follow", at: start)
        }
        position += count * width
        if let fault = builder.append(.numbers, at: start) { throw error(fault) }
    }

    private mutating func begin(
        _ kind: JSONTape.Kind, remaining: Int?, headBytes: Int
    ) throws(ModelFileError) {
        if let fault = builder.begin(kind, at: position, count: remaining) { throw error(fault) }
        position += headBytes
    }

    // MARK: Scalars

    private mutating func scalar(_ kind: JSONTape.Kind, width: Int) throws(ModelFileError) {
        guard bytes.count - position > width else { throw error("the file ends inside a number") }
        if let fault = builder.append(kind, at: position) { throw error(fault) }
        position += 1 + width
    }

    /// A length and as many bytes of UTF-8.
    private mutating func text() throws(ModelFileError) -> ArraySlice<UInt8> {
        let start = position
        let count = try length()
        guard count <= limits.stringBytes else {
            throw error("a string is longer than \(limits.stringBytes) bytes", at: start)
        }
        guard count <= bytes.count - position else {
            throw error("the file ends inside a string", at: start)
        }
        let raw = bytes[position..<position + count]
        let plain = raw.allSatisfy { $0 < 0x80 }
        guard plain || String(validating: raw, as: UTF8.self) != nil else {
            throw error("invalid UTF-8", at: start)
        }
        position += count
        return raw
    }

    private mutating func length() throws(ModelFileError) -> Int {
        let start = position
        guard let marker = peek(), let width = UBJSONNumber.width(marker),
            "iUIlL".utf8.contains(marker)
        else { throw error("expected a length") }
        guard bytes.count - position > width else { throw error("the file ends inside a length") }
        let value = UBJSONNumber.integer(bytes, at: position + 1, marker) ?? -1
        guard value >= 0 else { throw error("a negative length", at: start) }
        position += 1 + width
        return value
    }

    // MARK: Bytes and errors

    private func peek(_ ahead: Int = 0) -> UInt8? {
        position + ahead < bytes.count ? bytes[position + ahead] : nil
    }

    private static func name(_ marker: UInt8) -> String {
        0x21...0x7E ~= marker
            ? "\"\(Character(Unicode.Scalar(marker)))\"" : "byte \(marker)"
    }

    private func error(_ reason: String, at offset: Int? = nil) -> ModelFileError {
        ModelFileError(
            offset: offset ?? position, path: builder.path { UBJSONNumber.text(bytes, at: $0) },
            reason: reason)
    }
}
