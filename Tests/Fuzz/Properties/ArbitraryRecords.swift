public import Wire

/// Draws protobuf encodings of a message from its field table: valid values, in any order, with
/// repeated and unpacked records, as the tolerant door takes them.
public struct ArbitraryRecords<Generator: RandomNumberGenerator> {
    public var generator: Generator

    public init(generator: Generator) { self.generator = generator }

    public mutating func message(_ table: FieldTable, depth: Int = 0) -> [UInt8] {
        var records: [[UInt8]] = []
        var fields = table.fields
        if table.isUnion || !table.oneofs.isEmpty { fields = oneOfEach(table) }
        for field in fields { records += self.records(field, depth: depth) }
        if chance(2) { records.shuffle(using: &generator) }
        return records.flatMap { $0 }
    }

    /// The plain fields, and at most one member of each oneof.
    private mutating func oneOfEach(_ table: FieldTable) -> [Field] {
        var chosen: [Int: Int] = [:]
        for index in table.oneofs.indices {
            let members = table.fields.filter { oneof($0) == index }
            let isFree = !table.oneofs[index].isRequired && chance(5)
            chosen[index] = isFree ? 0 : members.randomElement(using: &generator)?.number ?? 0
        }
        return table.fields.filter { field in
            oneof(field).map { chosen[$0] == field.number } ?? true
        }
    }

    private func oneof(_ field: Field) -> Int? {
        if case .member(let index) = field.shape { index } else { nil }
    }

    private mutating func records(_ field: Field, depth: Int) -> [[UInt8]] {
        let isDeep = depth >= 2 && isMessage(field.kind)
        switch field.shape {
        case .required, .member:
            return [record(field.number, field.kind, depth)]
        case .implicit, .optional:
            return isDeep || chance(3) ? [] : [record(field.number, field.kind, depth)]
        case .list:
            return (0..<count(isDeep)).map { _ in record(field.number, field.kind, depth) }
        case .packed:
            return packed(field, depth)
        case .map(let key):
            return (0..<count(isDeep)).map { _ in
                let entry = record(1, key, depth) + record(2, field.kind, depth)
                return Self.tag(field.number, 2) + Self.varint(UInt64(entry.count)) + entry
            }
        }
    }

    private mutating func packed(_ field: Field, _ depth: Int) -> [[UInt8]] {
        let records = (0..<count(false)).map { _ in record(field.number, field.kind, depth) }
        if chance(2) { return records }
        let skipped = Self.tag(field.number, Self.wireType(field.kind)).count
        let body = records.flatMap { $0.dropFirst(skipped) }
        return [Self.tag(field.number, 2) + Self.varint(UInt64(body.count)) + body]
    }

    private mutating func count(_ isDeep: Bool) -> Int {
        isDeep ? 0 : Int.random(in: 0...3, using: &generator)
    }

    private mutating func chance(_ one: Int) -> Bool {
        Int.random(in: 0..<one, using: &generator) == 0
    }

    private func isMessage(_ kind: FieldKind) -> Bool {
        if case .message = kind { true } else { false }
    }

    // MARK: Values

    private mutating func record(_ number: Int, _ kind: FieldKind, _ depth: Int) -> [UInt8] {
        Self.tag(number, Self.wireType(kind)) + value(kind, depth)
    }

    private mutating func value(_ kind: FieldKind, _ depth: Int) -> [UInt8] {
        switch kind {
        case .bool: return [UInt8.random(in: 0...1, using: &generator)]
        case .enumeration: return Self.varint(UInt64.random(in: 0...12, using: &generator))
        case .int32, .uint32: return Self.varint(UInt64(integer() & 0xFFFF_FFFF))
        case .int64, .uint64, .int64Twos: return Self.varint(integer())
        case .int32Twos:
            let value = Int32(truncatingIfNeeded: integer())
            return Self.varint(UInt64(bitPattern: Int64(value)))
        case .int32Fixed, .uint32Fixed: return Self.bytes(integer(), 4)
        case .int64Fixed, .uint64Fixed: return Self.bytes(integer(), 8)
        case .float: return Self.bytes(UInt64(Float(number()).bitPattern), 4)
        case .double: return Self.bytes(number().bitPattern, 8)
        case .string: return Self.delimited(text())
        case .bytes: return Self.delimited(octets(Int.random(in: 0...20, using: &generator)))
        case .uuid: return Self.delimited(octets(16))
        case .decimal: return Self.delimited(decimal(firstNumber: 1))
        case .money: return Self.delimited([0x0A, 3] + code() + decimal(firstNumber: 2))
        case .timestamp: return Self.delimited(seconds(-62_135_596_800...253_402_300_799))
        case .duration: return Self.delimited(seconds(0...315_576_000_000))
        case .date:
            let days = UInt64.random(in: 0...1_000_000, using: &generator)
            return Self.delimited([0x08] + Self.varint(days))
        case .message(let table): return Self.delimited(message(table(), depth: depth + 1))
        }
    }

    /// Small and large values alike.
    private mutating func integer() -> UInt64 {
        UInt64.random(in: .min ... .max, using: &generator)
            >> UInt64.random(in: 0...63, using: &generator)
    }

    private mutating func number() -> Double {
        [0, -0.0, 1, -1.5, 3.25, .infinity, 1e-300, 123_456.789].randomElement(using: &generator)
            ?? 0
    }

    private mutating func text() -> [UInt8] {
        let words = [
            "", "a", "ab", "é", "e\u{301}", "\u{FFFD}", "\u{10000}", "quote \" \\ \n", "ü",
        ]
        return (0..<Int.random(in: 0...3, using: &generator)).flatMap { _ in
            Array((words.randomElement(using: &generator) ?? "").utf8)
        }
    }

    private mutating func octets(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    private mutating func code() -> [UInt8] {
        Array((["EUR", "USD", "XAU"].randomElement(using: &generator) ?? "EUR").utf8)
    }

    private mutating func decimal(firstNumber number: Int) -> [UInt8] {
        let coefficient = UInt64.random(in: 0...1_999_999_999_999_999_998, using: &generator)
        let scale = UInt64.random(in: 0...18, using: &generator)
        return Self.tag(number, 0) + Self.varint(coefficient) + Self.tag(number + 1, 0)
            + Self.varint(scale)
    }

    private mutating func seconds(_ range: ClosedRange<Int64>) -> [UInt8] {
        let seconds = Int64.random(in: range, using: &generator)
        let nanos = UInt64.random(in: 0...999_999_999, using: &generator)
        return [0x08] + Self.varint(UInt64(bitPattern: seconds)) + [0x10] + Self.varint(nanos)
    }

    // MARK: Encoding

    private static func wireType(_ kind: FieldKind) -> UInt64 {
        switch kind {
        case .bool, .int32, .int64, .uint32, .uint64, .int32Twos, .int64Twos, .enumeration: 0
        case .int64Fixed, .uint64Fixed, .double: 1
        case .int32Fixed, .uint32Fixed, .float: 5
        default: 2
        }
    }

    private static func tag(_ number: Int, _ wireType: UInt64) -> [UInt8] {
        varint(UInt64(number) << 3 | wireType)
    }

    private static func delimited(_ bytes: [UInt8]) -> [UInt8] {
        varint(UInt64(bytes.count)) + bytes
    }

    private static func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
