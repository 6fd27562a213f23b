internal import Wire

/// The meaning of a scalar's bytes, in whatever layout they are.
enum ScalarText {
    /// The value of a record that is not a sequence of records itself.
    static func text(_ record: RecordScanner.Record, _ kind: FieldKind, _ bytes: [UInt8]) -> String
    {
        if record.wireType != kind.wireType { return "of another wire type than the schema's" }
        if record.wireType == 0 { return varint(record.varint, kind) }
        if record.wireType == 2 { return text(kind, bytes, record.value..<record.end) }
        let size = record.wireType == 1 ? 8 : 4
        return text(kind, bytes, record.end - size..<record.end)
    }

    /// The value in a range that holds exactly one.
    static func text(_ kind: FieldKind, _ bytes: [UInt8], _ range: Range<Int>) -> String {
        let content = Array(bytes[range])
        switch kind {
        case .string:
            guard let text = String(validating: content, as: UTF8.self) else { return "not UTF-8" }
            return ValueText.quoted(text.count > 80 ? text.prefix(80) + "…" : text)
        case .bytes: return ValueText.hex(content)
        case .uuid: return UniqueID(bytes: content).map { "\($0)" } ?? "not 16 bytes"
        case .float:
            return ValueText.text(Float(bitPattern: UInt32(truncatingIfNeeded: little(content))))
        case .double: return ValueText.text(Double(bitPattern: little(content)))
        case .uint64Fixed: return "\(little(content))"
        case .int64Fixed: return "\(Int64(bitPattern: little(content)))"
        case .uint32Fixed: return "\(UInt32(truncatingIfNeeded: little(content)))"
        case .int32Fixed: return "\(Int32(truncatingIfNeeded: little(content)))"
        default: return varint(varint(content), kind)
        }
    }

    /// The end of the first element of a packed list; nil if the list ends inside it.
    static func end(of kind: FieldKind, _ bytes: [UInt8], _ range: Range<Int>) -> Int? {
        switch kind.wireType {
        case 1: return range.count >= 8 ? range.lowerBound + 8 : nil
        case 5: return range.count >= 4 ? range.lowerBound + 4 : nil
        default:
            guard let last = range.prefix(10).first(where: { bytes[$0] < 0x80 }) else { return nil }
            return last + 1
        }
    }

    private static func little(_ bytes: [UInt8]) -> UInt64 {
        bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func varint(_ bytes: [UInt8]) -> UInt64 {
        bytes.prefix(10).reversed().reduce(0) { $0 << 7 | UInt64($1 & 0x7F) }
    }

    private static func varint(_ value: UInt64, _ kind: FieldKind) -> String {
        switch kind {
        case .bool: return value == 0 ? "false" : value == 1 ? "true" : "true, written as \(value)"
        case .int32, .int64:
            let number = Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
            return number == 0 ? "0" : "\(number), zigzag \(value)"
        case .int32Twos, .int64Twos: return "\(Int64(bitPattern: value))"
        case .enumeration(let names):
            let name = Int32(exactly: value).flatMap { names.name(of: $0) }
            return name.map { "\($0) (\(value))" } ?? "\(value), not a known value"
        default: return "\(value)"
        }
    }
}
