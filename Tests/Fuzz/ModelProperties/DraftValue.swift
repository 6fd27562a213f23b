/// A document that a draft builds, to be written as JSON or as XGBoost writes UBJSON.
indirect enum DraftValue {
    case object([(String, DraftValue)])
    case array([DraftValue])
    /// Numbers of one type, each as text; UBJSON states the type once.
    case numbers([String], Character)
    case number(String)
    case text(String)
    case flag(Bool)

    static func integers(_ values: [Int]) -> DraftValue { .numbers(values.map(String.init), "l") }

    static func texts(_ values: [String]) -> DraftValue { .array(values.map(DraftValue.text)) }

    // MARK: JSON

    var json: String {
        switch self {
        case .object(let members):
            "{" + members.map { "\"\($0.0)\":\($0.1.json)" }.joined(separator: ",") + "}"
        case .array(let elements): "[" + elements.map(\.json).joined(separator: ",") + "]"
        case .numbers(let texts, _): "[" + texts.joined(separator: ",") + "]"
        case .number(let text): text
        case .text(let text): "\"\(text)\""
        case .flag(let flag): flag ? "true" : "false"
        }
    }

    // MARK: UBJSON

    var ubjson: [UInt8] {
        switch self {
        case .object(let members):
            Array("{".utf8) + members.flatMap { Self.counted($0.0) + $0.1.ubjson }
                + Array("}".utf8)
        case .array(let elements):
            Array("[#".utf8) + Self.long(elements.count) + elements.flatMap(\.ubjson)
        case .numbers(let texts, let type):
            Array("[$\(type)#".utf8) + Self.long(texts.count)
                + texts.flatMap { Self.bytes($0, type) }
        case .number(let text): Array("l".utf8) + Self.bytes(text, "l")
        case .text(let text): Array("S".utf8) + Self.counted(text)
        case .flag(let flag): Array((flag ? "T" : "F").utf8)
        }
    }

    private static func bytes(_ text: String, _ type: Character) -> [UInt8] {
        let value = Double(text) ?? .nan
        switch type {
        case "d": return bigEndian(UInt64(Float(value).bitPattern), 4)
        case "D": return bigEndian(value.bitPattern, 8)
        case "I": return bigEndian(UInt64(truncatingIfNeeded: Int(exactly: value) ?? -1), 2)
        case "U": return bigEndian(UInt64(truncatingIfNeeded: Int(exactly: value) ?? 255), 1)
        case "L": return bigEndian(UInt64(truncatingIfNeeded: Int(exactly: value) ?? -1), 8)
        default: return bigEndian(UInt64(truncatingIfNeeded: Int(exactly: value) ?? -1), 4)
        }
    }

    private static func bigEndian(_ bits: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * (count - 1 - $0))) }
    }

    private static func long(_ value: Int) -> [UInt8] {
        Array("L".utf8) + bigEndian(UInt64(truncatingIfNeeded: value), 8)
    }

    private static func counted(_ text: String) -> [UInt8] {
        long(text.utf8.count) + Array(text.utf8)
    }
}
