import Wire

/// A message with every type, shape and presence, to test the codec beyond the worked example.
struct Sampler: WireMessage {
    var flag = false
    var int32: Int32 = 0
    var int64: Int64 = 0
    var uint32: UInt32 = 0
    var uint64: UInt64 = 0
    var twos32: Int32 = 0
    var twos64: Int64 = 0
    var fixed32: Int32 = 0
    var fixed64: UInt64 = 0
    var float: Float = 0
    var double: Double = 0
    var text = ""
    var blob: [UInt8] = []
    var id = UniqueID.zero
    var channel = BankRiskV1.Channel.unspecified
    var decimal: Decimal64?
    var duration: TimeSpan?
    var date: CalendarDate?
    var names: [String] = []
    var devices: [Device] = []
    var numbers: [UInt32] = []
    var flags: [Bool] = []
    var byNumber: WireMap<Int64, String> = [:]
    var maybe: Bool?
    var children: [Sampler] = []
    var choice: Choice
    var channels: [BankRiskV1.Channel] = []
    var byFlag: WireMap<Bool, Double> = [:]
    var floats: [Float] = []
    var unknown: UnknownFields?

    enum Choice: WireValue {
        case word(String)
        case number(Int64)
        case device(Device)

        static func == (a: Choice, b: Choice) -> Bool {
            switch (a, b) {
            case (.word(let a), .word(let b)): Canonical.equal(a, b)
            case (.number(let a), .number(let b)): Canonical.equal(a, b)
            case (.device(let a), .device(let b)): Canonical.equal(a, b)
            default: false
            }
        }

        func hash(into hasher: inout Hasher) {
            switch self {
            case .word(let value): Canonical.hash(value, into: &hasher)
            case .number(let value): Canonical.hash(value, into: &hasher)
            case .device(let value): Canonical.hash(value, into: &hasher)
            }
        }
    }

    init(choice: Choice) { self.choice = choice }

    static func blank() -> Sampler { Sampler(choice: .word("")) }

    static let fields: FieldTable = FieldTable(
        "test.Sampler", depth: 5,
        [
            Field(1, "flag", .bool),
            Field(2, "int32", .int32),
            Field(3, "int64", .int64),
            Field(4, "uint32", .uint32),
            Field(5, "uint64", .uint64),
            Field(6, "twos32", .int32Twos),
            Field(7, "twos64", .int64Twos),
            Field(8, "fixed32", .int32Fixed),
            Field(9, "fixed64", .uint64Fixed),
            Field(10, "float", .float),
            Field(11, "double", .double),
            Field(12, "text", .string),
            Field(13, "blob", .bytes),
            Field(14, "id", .uuid),
            Field(15, "channel", .enumeration(BankRiskV1.Channel.names)),
            Field(16, "decimal", .decimal, .optional),
            Field(17, "duration", .duration, .optional),
            Field(18, "date", .date, .optional),
            Field(19, "names", .string, .list),
            Field(20, "devices", .message { Device.fields }, .list),
            Field(21, "numbers", .uint32, .packed),
            Field(22, "flags", .bool, .packed),
            Field(23, "by_number", json: "byNumber", .string, .map(.int64)),
            Field(24, "maybe", .bool, .optional),
            Field(25, "children", .message { Sampler.fields }, .list),
            Field(26, "word", .string, .member(0)),
            Field(27, "number", .int64, .member(0)),
            Field(28, "device", .message { Device.fields }, .member(0)),
            Field(30, "channels", .enumeration(BankRiskV1.Channel.names), .packed),
            Field(31, "by_flag", json: "byFlag", .double, .map(.bool)),
            Field(32, "floats", .float, .packed),
        ],
        oneofs: [Oneof("choice", required: true)])

    mutating func read(from reader: inout WireReader) throws(WireError) {
        var seen: UInt64 = 0
        repeat {
            if reader.take(0x08) { flag = try reader.bool(.implicit) }
            if reader.take(0x10) { int32 = try reader.int32(.implicit) }
            if reader.take(0x18) { int64 = try reader.int64(.implicit) }
            if reader.take(0x20) { uint32 = try reader.uint32(.implicit) }
            if reader.take(0x28) { uint64 = try reader.uint64(.implicit) }
            if reader.take(0x30) { twos32 = try reader.int32Twos(.implicit) }
            if reader.take(0x38) { twos64 = try reader.int64Twos(.implicit) }
            if reader.take(0x45) { fixed32 = try reader.int32Fixed(.implicit) }
            if reader.take(0x49) { fixed64 = try reader.uint64Fixed(.implicit) }
            if reader.take(0x55) { float = try reader.float(.implicit) }
            if reader.take(0x59) { double = try reader.double(.implicit) }
            if reader.take(0x62) { text = try reader.string(.implicit) }
            if reader.take(0x6A) { blob = try reader.bytes(.implicit) }
            if reader.take(0x72) { id = try reader.uuid(.implicit) }
            if reader.take(0x78) { channel = try reader.enumeration(.implicit) }
            if reader.take(0x82) { decimal = try reader.decimal() }
            if reader.take(0x8A) { duration = try reader.duration() }
            if reader.take(0x92) { date = try reader.date() }
            if reader.take(0x9A) { names = try reader.list(0x9A, StringCodec.self) }
            if reader.take(0xA2) { devices = try reader.list(0xA2, MessageCodec<Device>.self) }
            if reader.take(0xAA) { numbers = try reader.packed(UInt32Codec.self) }
            if reader.take(0xB2) { flags = try reader.packed(BoolCodec.self) }
            if reader.take(0xBA) {
                byNumber = try reader.map(0xBA, Int64Codec.self, StringCodec.self)
            }
            if reader.take(0xC0) { maybe = try reader.bool(.explicit) }
            if reader.take(0xCA) { children = try reader.list(0xCA, MessageCodec<Sampler>.self) }
            if reader.take(0xD2) {
                choice = .word(try reader.string(.explicit))
                seen |= 0x1
            }
            if reader.take(0xD8) {
                try reader.onlyMember(seen & 0x1)
                choice = .number(try reader.int64(.explicit))
                seen |= 0x1
            }
            if reader.take(0xE2) {
                try reader.onlyMember(seen & 0x1)
                choice = .device(try reader.message())
                seen |= 0x1
            }
            if reader.take(0xF2) {
                channels = try reader.packed(EnumCodec<BankRiskV1.Channel>.self)
            }
            if reader.take(0xFA) { byFlag = try reader.map(0xFA, BoolCodec.self, DoubleCodec.self) }
            if reader.take(0x102) { floats = try reader.packed(FloatCodec.self) }
        } while try reader.resume(Self.fields, &unknown)
        try reader.finish(seen, required: 0x1, Self.fields)
    }

    func measure(_ sizes: inout SizeCache) -> Int {
        var size = 0
        size += sizes.bool(0x08, flag)
        size += sizes.int32(0x10, int32)
        size += sizes.int64(0x18, int64)
        size += sizes.uint32(0x20, uint32)
        size += sizes.uint64(0x28, uint64)
        size += sizes.int32Twos(0x30, twos32)
        size += sizes.int64Twos(0x38, twos64)
        size += sizes.int32Fixed(0x45, fixed32)
        size += sizes.uint64Fixed(0x49, fixed64)
        size += sizes.float(0x55, float)
        size += sizes.double(0x59, double)
        size += sizes.string(0x62, text)
        size += sizes.bytes(0x6A, blob)
        size += sizes.uuid(0x72, id)
        size += sizes.enumeration(0x78, channel)
        size += sizes.decimal(0x82, decimal)
        size += sizes.duration(0x8A, duration)
        size += sizes.date(0x92, date)
        size += sizes.list(0x9A, names, StringCodec.self)
        size += sizes.list(0xA2, devices, MessageCodec<Device>.self)
        size += sizes.packed(0xAA, numbers, UInt32Codec.self)
        size += sizes.packed(0xB2, flags, BoolCodec.self)
        size += sizes.map(0xBA, byNumber, Int64Codec.self, StringCodec.self)
        size += sizes.bool(0xC0, maybe)
        size += sizes.list(0xCA, children, MessageCodec<Sampler>.self)
        switch choice {
        case .word(let value): size += sizes.string(0xD2, value, .explicit)
        case .number(let value): size += sizes.int64(0xD8, value, .explicit)
        case .device(let value): size += sizes.message(0xE2, value)
        }
        size += sizes.packed(0xF2, channels, EnumCodec<BankRiskV1.Channel>.self)
        size += sizes.map(0xFA, byFlag, BoolCodec.self, DoubleCodec.self)
        size += sizes.packed(0x102, floats, FloatCodec.self)
        size += sizes.unknown(unknown)
        return size
    }

    func write(to writer: inout WireWriter, _ sizes: inout SizeCache) {
        let start = writer.mark
        writer.bool(0x08, flag)
        writer.int32(0x10, int32)
        writer.int64(0x18, int64)
        writer.uint32(0x20, uint32)
        writer.uint64(0x28, uint64)
        writer.int32Twos(0x30, twos32)
        writer.int64Twos(0x38, twos64)
        writer.int32Fixed(0x45, fixed32)
        writer.uint64Fixed(0x49, fixed64)
        writer.float(0x55, float)
        writer.double(0x59, double)
        writer.string(0x62, text)
        writer.bytes(0x6A, blob)
        writer.uuid(0x72, id)
        writer.enumeration(0x78, channel)
        writer.decimal(0x82, decimal)
        writer.duration(0x8A, duration)
        writer.date(0x92, date)
        writer.list(0x9A, names, StringCodec.self, &sizes)
        writer.list(0xA2, devices, MessageCodec<Device>.self, &sizes)
        writer.packed(0xAA, numbers, UInt32Codec.self, &sizes)
        writer.packed(0xB2, flags, BoolCodec.self, &sizes)
        writer.map(0xBA, byNumber, Int64Codec.self, StringCodec.self, &sizes)
        writer.bool(0xC0, maybe)
        writer.list(0xCA, children, MessageCodec<Sampler>.self, &sizes)
        switch choice {
        case .word(let value): writer.string(0xD2, value, .explicit)
        case .number(let value): writer.int64(0xD8, value, .explicit)
        case .device(let value): writer.message(0xE2, value, &sizes)
        }
        writer.packed(0xF2, channels, EnumCodec<BankRiskV1.Channel>.self, &sizes)
        writer.map(0xFA, byFlag, BoolCodec.self, DoubleCodec.self, &sizes)
        writer.packed(0x102, floats, FloatCodec.self, &sizes)
        writer.unknown(unknown, since: start)
    }

    func validate(_ violations: inout Violations) {
        violations.range("int32", int32, min: -5, max: 5)
        violations.length("text", text.utf8.count, min: 2, max: 4)
        violations.length("blob", blob.count, exactly: 4)
        violations.scale("decimal", decimal, max: 2)
        violations.count("names", names.count, min: 2, max: 3)
        violations.each("names", names, max: 5)
        violations.unique("names", names)
        violations.nested("devices", devices)
        violations.allowed("numbers", numbers, [1, 2, 3])
        violations.nested("children", children)
    }

    mutating func readJSON(_ field: Int, from reader: inout JSONReader) throws(JSONError) {
        switch field {
        case 1: flag = try reader.value(BoolCodec.self)
        case 2: int32 = try reader.value(Int32Codec.self)
        case 3: int64 = try reader.value(Int64Codec.self)
        case 4: uint32 = try reader.value(UInt32Codec.self)
        case 5: uint64 = try reader.value(UInt64Codec.self)
        case 6: twos32 = try reader.value(Int32TwosCodec.self)
        case 7: twos64 = try reader.value(Int64TwosCodec.self)
        case 8: fixed32 = try reader.value(Int32FixedCodec.self)
        case 9: fixed64 = try reader.value(UInt64FixedCodec.self)
        case 10: float = try reader.value(FloatCodec.self)
        case 11: double = try reader.value(DoubleCodec.self)
        case 12: text = try reader.value(StringCodec.self)
        case 13: blob = try reader.value(BytesCodec.self)
        case 14: id = try reader.value(UUIDCodec.self)
        case 15: channel = try reader.value(EnumCodec<BankRiskV1.Channel>.self)
        case 16: decimal = try reader.value(DecimalCodec.self)
        case 17: duration = try reader.value(DurationCodec.self)
        case 18: date = try reader.value(DateCodec.self)
        case 19: names = try reader.list(StringCodec.self)
        case 20: devices = try reader.list(MessageCodec<Device>.self)
        case 21: numbers = try reader.list(UInt32Codec.self)
        case 22: flags = try reader.list(BoolCodec.self)
        case 23: byNumber = try reader.map(Int64Codec.self, StringCodec.self)
        case 24: maybe = try reader.value(BoolCodec.self)
        case 25: children = try reader.list(MessageCodec<Sampler>.self)
        case 26: choice = .word(try reader.value(StringCodec.self))
        case 27: choice = .number(try reader.value(Int64Codec.self))
        case 28: choice = .device(try reader.value(MessageCodec<Device>.self))
        case 30: channels = try reader.list(EnumCodec<BankRiskV1.Channel>.self)
        case 31: byFlag = try reader.map(BoolCodec.self, DoubleCodec.self)
        case 32: floats = try reader.list(FloatCodec.self)
        default: break
        }
    }

    func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("flag", flag, BoolCodec.self)
        writer.field("int32", int32, Int32Codec.self)
        writer.field("int64", int64, Int64Codec.self)
        writer.field("uint32", uint32, UInt32Codec.self)
        writer.field("uint64", uint64, UInt64Codec.self)
        writer.field("twos32", twos32, Int32TwosCodec.self)
        writer.field("twos64", twos64, Int64TwosCodec.self)
        writer.field("fixed32", fixed32, Int32FixedCodec.self)
        writer.field("fixed64", fixed64, UInt64FixedCodec.self)
        writer.field("float", float, FloatCodec.self)
        writer.field("double", double, DoubleCodec.self)
        writer.field("text", text, StringCodec.self)
        writer.field("blob", blob, BytesCodec.self)
        writer.field("id", id, UUIDCodec.self)
        writer.field("channel", channel, EnumCodec<BankRiskV1.Channel>.self)
        writer.field("decimal", decimal, DecimalCodec.self)
        writer.field("duration", duration, DurationCodec.self)
        writer.field("date", date, DateCodec.self)
        writer.list("names", names, StringCodec.self)
        writer.list("devices", devices, MessageCodec<Device>.self)
        writer.list("numbers", numbers, UInt32Codec.self)
        writer.list("flags", flags, BoolCodec.self)
        writer.map("byNumber", byNumber, Int64Codec.self, StringCodec.self)
        writer.field("maybe", maybe, BoolCodec.self)
        writer.list("children", children, MessageCodec<Sampler>.self)
        switch choice {
        case .word(let value): writer.field("word", value, StringCodec.self)
        case .number(let value): writer.field("number", value, Int64Codec.self)
        case .device(let value): writer.field("device", value, MessageCodec<Device>.self)
        }
        writer.list("channels", channels, EnumCodec<BankRiskV1.Channel>.self)
        writer.map("byFlag", byFlag, BoolCodec.self, DoubleCodec.self)
        writer.list("floats", floats, FloatCodec.self)
        writer.endObject()
    }

    // The values' identity is their encoding; a test may say so directly.
    static func == (a: Sampler, b: Sampler) -> Bool { a.encoded() == b.encoded() }
    func hash(into hasher: inout Hasher) { hasher.combine(encoded()) }
}
