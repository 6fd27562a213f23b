internal import Logging

/// One JSON object on one line, built field by field.
struct JSONLine {
    /// A value longer than this many bytes is cut, so that one record stays one small write.
    static let maximumValueBytes = 8192
    private static let maximumDepth = 8

    private var bytes: [UInt8] = [UInt8(ascii: "{")]
    private var isFirst = true

    mutating func add(_ key: String, _ value: String) {
        addKey(key)
        append(quoted: value)
    }

    mutating func add(_ key: String, _ value: Logger.MetadataValue) {
        addKey(key)
        append(value, depth: 0)
    }

    mutating func finished() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private mutating func addKey(_ key: String) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        append(quoted: key)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func append(_ value: Logger.MetadataValue, depth: Int) {
        guard depth < Self.maximumDepth else { return append(quoted: "…") }
        switch value {
        case .string(let text): append(quoted: text)
        case .stringConvertible(let value): append(convertible: value)
        case .array(let values):
            append(list: values, between: "[", "]") { $0.append($1, depth: depth + 1) }
        case .dictionary(let pairs):
            append(list: pairs.sorted { $0.key < $1.key }, between: "{", "}") { line, pair in
                line.append(quoted: pair.key)
                line.bytes.append(UInt8(ascii: ":"))
                line.append(pair.value, depth: depth + 1)
            }
        }
    }

    /// Integers and truth values stay what they are; everything else is text.
    private mutating func append(convertible value: any CustomStringConvertible & Sendable) {
        switch value {
        case let number as any BinaryInteger & Sendable: bytes += "\(number)".utf8
        case let truth as Bool: bytes += "\(truth)".utf8
        case let number as Double where number.isFinite: bytes += "\(number)".utf8
        default: append(quoted: value.description)
        }
    }

    private mutating func append<Element>(
        list: [Element], between open: String, _ close: String,
        _ body: (inout JSONLine, Element) -> Void
    ) {
        bytes += open.utf8
        for (index, element) in list.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            body(&self, element)
        }
        bytes += close.utf8
    }

    private mutating func append(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        var written = 0
        for scalar in text.unicodeScalars {
            written += UTF8.width(scalar)
            guard written <= Self.maximumValueBytes else {
                bytes += "…".utf8
                break
            }
            append(escaped: scalar)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Escapes what RFC 8259, section 7 demands, and the separators some readers take for line ends.
    private mutating func append(escaped scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": bytes += #"\""#.utf8
        case "\\": bytes += #"\\"#.utf8
        case "\n": bytes += #"\n"#.utf8
        case "\r": bytes += #"\r"#.utf8
        case "\t": bytes += #"\t"#.utf8
        case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
            let hex = String(scalar.value, radix: 16)
            bytes += #"\u"#.utf8
            bytes += String(repeating: "0", count: 4 - hex.count).utf8
            bytes += hex.utf8
        default: bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        }
    }
}
