public import Wire

/// A message or union whose schema is known only at run time. It behaves as generated code does:
/// the same bytes, the same JSON, the same verdicts at both doors.
public struct DynamicMessage: WireRecord {
    let schema: DynamicSchema
    /// Index of the type in the schema.
    let index: Int
    /// What is set, ascending by field; a zero that would not be written is absent.
    private(set) var slots: [Slot] = []
    public var unknown: UnknownFields?

    struct Slot: Sendable {
        /// The place of the field in its type.
        let field: Int
        let content: any FieldContent
    }

    init(_ schema: DynamicSchema, _ index: Int) {
        self.schema = schema
        self.index = index
    }

    var type: DynamicType { schema.type(index) }

    /// The full name of the type.
    public var fullName: String { type.table.name }

    /// The first field, at any depth, that the schema does not know; nil if it knows all.
    public var firstUnknownPath: String? { type.table.unknownPath(in: encoded()) }

    func content(of field: Int) -> (any FieldContent)? {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].field < field { low = middle + 1 } else { high = middle }
        }
        return low < slots.count && slots[low].field == field ? slots[low].content : nil
    }

    /// Sets a field that is not set yet.
    private mutating func set(_ field: Int, _ content: any FieldContent) {
        if content.isOmitted { return }
        let slot = Slot(field: field, content: content)
        if let last = slots.last, last.field > field {
            slots.insert(slot, at: slots.firstIndex { $0.field > field } ?? slots.count)
        } else {
            slots.append(slot)
        }
    }
}

// MARK: Bytes

extension DynamicMessage {
    /// What a message costs besides its fields: its box and the head of their array.
    private static let overheadBytes = 96

    /// A limit for `heap` with room for an honest input of this size: a message without generated
    /// code takes more memory than one with, about a hundred bytes for each field.
    public static func heap(forBytes count: Int) -> Int { (16 << 20) + 256 * count }

    /// Decodes a whole message of the type; nil if the schema has no message or union of that name.
    public init?(
        decoding bytes: [UInt8], as name: String, in schema: DynamicSchema, door: Door,
        limits: DecodeLimits = DecodeLimits()
    ) throws(WireError) {
        guard let index = schema.index(of: name) else { return nil }
        self.init(schema, index)
        let table = type.table
        try bytes.withUnsafeBufferPointer { buffer throws(WireError) in
            try WireReader.decode(
                table, UnsafeRawBufferPointer(buffer), door, limits
            ) { reader throws(WireError) in try read(from: &reader) }
        }
    }

    /// Decodes the records of the reader's current extent, by the calls that generated code makes.
    mutating func read(from reader: inout WireReader) throws(WireError) {
        try reader.charge(Self.overheadBytes)
        let type = type
        if type.table.isUnion {
            try readUnion(type, &reader)
            return
        }
        let required = type.table.required.count
        var seen = [Bool](repeating: false, count: required)
        var chosen = [Bool](repeating: false, count: type.table.oneofs.count)
        repeat {
            for (position, field) in type.fields.enumerated() where reader.take(field.tag) {
                if let oneof = field.oneof {
                    try reader.onlyMember(chosen[oneof] ? UInt64(1) : UInt64(0))
                    chosen[oneof] = true
                }
                if let rank = field.requiredRank { seen[rank] = true }
                try read(position, field, &reader)
            }
        } while try reader.resume(type.table, &unknown)
        try reader.finish(seen, type.table)
    }

    private mutating func read(
        _ position: Int, _ field: DynamicField, _ reader: inout WireReader
    ) throws(WireError) {
        // Twice, since an array that grows is held twice for a moment.
        try reader.charge(2 * MemoryLayout<Slot>.stride)
        set(position, try field.coder.read(field.tag, &reader, schema))
    }

    private mutating func readUnion(
        _ type: DynamicType, _ reader: inout WireReader
    ) throws(WireError) {
        var isKnown = false
        for (position, field) in type.fields.enumerated() where reader.take(field.tag) {
            try read(position, field, &reader)
            isKnown = true
            break
        }
        if !isKnown { unknown = try reader.unrecognized(type.table) }
        try reader.finishUnion(type.table)
    }

    public func measure(_ sizes: inout SizeCache) -> Int {
        let fields = type.fields
        var size = 0
        for slot in slots { size += slot.content.measure(fields[slot.field].tag, &sizes) }
        return size + sizes.unknown(unknown)
    }

    public func write(to writer: inout WireWriter, _ sizes: inout SizeCache) {
        let fields = type.fields
        let start = writer.mark
        for slot in slots { slot.content.write(fields[slot.field].tag, &writer, &sizes) }
        writer.unknown(unknown, since: start)
    }
}

// MARK: JSON

extension DynamicMessage {
    /// Reads the JSON form of the type; nil if the schema has no message or union of that name.
    public init?(
        jsonBytes bytes: [UInt8], as name: String, in schema: DynamicSchema,
        limits: JSONLimits = JSONLimits()
    ) throws(JSONError) {
        guard let index = schema.index(of: name) else { return nil }
        var reader = try JSONReader(bytes, limits: limits)
        try self.init(json: &reader, schema, index)
        try reader.end()
    }

    init(json reader: inout JSONReader, _ schema: DynamicSchema, _ index: Int) throws(JSONError) {
        self.init(schema, index)
        try reader.charge(Self.overheadBytes)
        let type = schema.type(index)
        var object = try reader.object(type.table)
        while let number = try reader.next(&object) {
            guard let position = type.fields.firstIndex(where: { $0.number == number }) else {
                continue
            }
            // Twice, since an array that grows is held twice for a moment.
            try reader.charge(2 * MemoryLayout<Slot>.stride)
            set(position, try type.fields[position].coder.readJSON(&reader, schema))
        }
        try reader.finish(object)
    }

    public func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        for (position, field) in type.fields.enumerated() {
            // A field without presence is shown even when it is not written.
            guard let content = content(of: position) ?? field.coder.empty else { continue }
            content.writeJSON(field.jsonName, field.pii, &writer)
        }
        writer.endObject()
    }
}

// MARK: Validation and identity

extension DynamicMessage {
    public func validate(_ violations: inout Violations) {
        var checked: Set<Int> = []
        let fields = type.fields
        for (position, field) in fields.enumerated() {
            guard let oneof = field.oneof else {
                guard let content = content(of: position) ?? field.coder.empty else { continue }
                content.validate(field.rules, &violations)
                continue
            }
            // A oneof is checked at the place of its first member, whichever is set.
            guard checked.insert(oneof).inserted,
                let slot = slots.first(where: { fields[$0.field].oneof == oneof })
            else { continue }
            slot.content.validate(fields[slot.field].rules, &violations)
        }
    }

    /// True exactly if both have the same encoding.
    public static func == (a: DynamicMessage, b: DynamicMessage) -> Bool {
        a.fullName == b.fullName && a.encoded() == b.encoded()
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(encoded()) }
}
