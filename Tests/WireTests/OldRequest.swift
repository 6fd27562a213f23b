import Wire

/// `AssessRequest` as an older schema had it: two fields, with unknown ones before, between and behind.
struct OldRequest: WireMessage {
    static func blank() -> OldRequest { OldRequest() }

    var features: [Double] = []
    var retry: UInt32?
    var unknown: UnknownFields?

    static let fields = FieldTable(
        "bank.risk.v1.AssessRequest", depth: 2,
        [Field(7, "features", .double, .packed), Field(9, "retry", .uint32, .optional)])

    mutating func read(from reader: inout WireReader) throws(WireError) {
        repeat {
            if reader.take(0x3A) { features = try reader.packed(DoubleCodec.self) }
            if reader.take(0x48) { retry = try reader.uint32(.explicit) }
        } while try reader.resume(Self.fields, &unknown)
    }

    func measure(_ sizes: inout SizeCache) -> Int {
        sizes.packed(0x3A, features, DoubleCodec.self) + sizes.uint32(0x48, retry)
            + sizes.unknown(unknown)
    }

    func write(to writer: inout WireWriter, _ sizes: inout SizeCache) {
        let start = writer.mark
        writer.packed(0x3A, features, DoubleCodec.self, &sizes)
        writer.uint32(0x48, retry)
        writer.unknown(unknown, since: start)
    }

    func validate(_ violations: inout Violations) {}
    mutating func readJSON(_ field: Int, from reader: inout JSONReader) throws(JSONError) {
        if field == 7 { features = try reader.list(DoubleCodec.self) }
        if field == 9 { retry = try reader.value(UInt32Codec.self) }
    }
    func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.endObject()
    }
    static func == (a: OldRequest, b: OldRequest) -> Bool { a.encoded() == b.encoded() }
    func hash(into hasher: inout Hasher) { hasher.combine(encoded()) }
}

/// A message with one optional field in the midst of another's, all of which it must keep.
struct OldDevice: WireMessage {
    static func blank() -> OldDevice { OldDevice() }

    var maybe: Bool?
    var unknown: UnknownFields?

    static let fields = FieldTable("test.Old", depth: 1, [Field(24, "maybe", .bool, .optional)])

    mutating func read(from reader: inout WireReader) throws(WireError) {
        repeat {
            if reader.take(0xC0) { maybe = try reader.bool(.explicit) }
        } while try reader.resume(Self.fields, &unknown)
    }

    func measure(_ sizes: inout SizeCache) -> Int {
        sizes.bool(0xC0, maybe) + sizes.unknown(unknown)
    }

    func write(to writer: inout WireWriter, _ sizes: inout SizeCache) {
        let start = writer.mark
        writer.bool(0xC0, maybe)
        writer.unknown(unknown, since: start)
    }

    func validate(_ violations: inout Violations) {}
    mutating func readJSON(_ field: Int, from reader: inout JSONReader) throws(JSONError) {
        maybe = try reader.value(BoolCodec.self)
    }
    func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("maybe", maybe, BoolCodec.self)
        writer.endObject()
    }
    static func == (a: OldDevice, b: OldDevice) -> Bool { a.encoded() == b.encoded() }
    func hash(into hasher: inout Hasher) { hasher.combine(encoded()) }
}
