// Codecs of LEN records: strings, bytes, value types, enums (a varint) and messages.

public enum StringCodec: MapKeyCodec {
    @inlinable public static var kind: FieldKind { .string }
    @inlinable public static var wireType: UInt32 { 2 }
    @inlinable public static var zero: String { "" }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> String {
        try reader.string(.explicit)
    }

    @inlinable
    public static func size(_ value: String, _ sizes: inout SizeCache) -> Int {
        SizeCache.record(0, value.utf8.count) - 1
    }

    @inlinable
    public static func write(_ value: String, _ writer: inout WireWriter, _ sizes: inout SizeCache)
    {
        writer.text(value)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> String {
        try reader.string()
    }

    public static func writeJSON(_ value: String, _ writer: inout JSONWriter) {
        writer.string(value)
    }
}

public enum BytesCodec: ZeroCodec {
    @inlinable public static var kind: FieldKind { .bytes }
    @inlinable public static var wireType: UInt32 { 2 }
    @inlinable public static var zero: [UInt8] { [] }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> [UInt8] {
        try reader.bytes(.explicit)
    }

    @inlinable
    public static func size(_ value: [UInt8], _ sizes: inout SizeCache) -> Int {
        SizeCache.record(0, value.count) - 1
    }

    @inlinable
    public static func write(_ value: [UInt8], _ writer: inout WireWriter, _ sizes: inout SizeCache)
    {
        writer.blob(value)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> [UInt8] {
        try reader.blob()
    }

    public static func writeJSON(_ value: [UInt8], _ writer: inout JSONWriter) {
        writer.base64(value)
    }
}

public enum UUIDCodec: ZeroCodec {
    @inlinable public static var kind: FieldKind { .uuid }
    @inlinable public static var wireType: UInt32 { 2 }
    @inlinable public static var zero: UniqueID { .zero }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> UniqueID {
        try reader.uuid(.explicit)
    }

    @inlinable
    public static func size(_ value: UniqueID, _ sizes: inout SizeCache) -> Int {
        17
    }

    @inlinable
    public static func write(
        _ value: UniqueID, _ writer: inout WireWriter, _ sizes: inout SizeCache
    ) {
        writer.unique(value)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> UniqueID {
        try reader.uuid()
    }

    public static func writeJSON(_ value: UniqueID, _ writer: inout JSONWriter) {
        writer.string(value.description)
    }
}

public enum DecimalCodec: WireCodec {
    @inlinable public static var kind: FieldKind { .decimal }
    @inlinable public static var wireType: UInt32 { 2 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Decimal64 {
        try reader.decimal()
    }

    /// A value of no bytes.
    public static func absent(_ reader: inout WireReader) throws(WireError) -> Decimal64 {
        try reader.absent { reader throws(WireError) in try reader.decimal() }
    }

    @inlinable
    public static func size(_ value: Decimal64, _ sizes: inout SizeCache) -> Int {
        1 + SizeCache.body(value)
    }

    @inlinable
    public static func write(
        _ value: Decimal64, _ writer: inout WireWriter, _ sizes: inout SizeCache
    ) {
        writer.body(value)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Decimal64 {
        try reader.decimal()
    }

    public static func writeJSON(_ value: Decimal64, _ writer: inout JSONWriter) {
        writer.string(value.description)
    }
}

public enum MoneyCodec: WireCodec {
    @inlinable public static var kind: FieldKind { .money }
    @inlinable public static var wireType: UInt32 { 2 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Money {
        try reader.money()
    }

    /// A value of no bytes.
    public static func absent(_ reader: inout WireReader) throws(WireError) -> Money {
        try reader.absent { reader throws(WireError) in try reader.money() }
    }

    @inlinable
    public static func size(_ value: Money, _ sizes: inout SizeCache) -> Int {
        1 + SizeCache.body(value)
    }

    @inlinable
    public static func write(_ value: Money, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.body(value)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Money {
        try reader.money()
    }

    public static func writeJSON(_ value: Money, _ writer: inout JSONWriter) {
        writer.money(value)
    }
}

public enum TimestampCodec: WireCodec {
    @inlinable public static var kind: FieldKind { .timestamp }
    @inlinable public static var wireType: UInt32 { 2 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Timestamp {
        try reader.timestamp()
    }

    /// A value of no bytes.
    public static func absent(_ reader: inout WireReader) throws(WireError) -> Timestamp {
        try reader.absent { reader throws(WireError) in try reader.timestamp() }
    }

    @inlinable
    public static func size(_ value: Timestamp, _ sizes: inout SizeCache) -> Int {
        1 + SizeCache.body(seconds: value.seconds, nanoseconds: value.nanoseconds)
    }

    @inlinable
    public static func write(
        _ value: Timestamp, _ writer: inout WireWriter, _ sizes: inout SizeCache
    ) {
        writer.body(seconds: value.seconds, nanoseconds: value.nanoseconds)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Timestamp {
        try reader.timestamp()
    }

    public static func writeJSON(_ value: Timestamp, _ writer: inout JSONWriter) {
        writer.string(value.description)
    }
}

public enum DurationCodec: WireCodec {
    @inlinable public static var kind: FieldKind { .duration }
    @inlinable public static var wireType: UInt32 { 2 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> TimeSpan {
        try reader.duration()
    }

    /// A value of no bytes.
    public static func absent(_ reader: inout WireReader) throws(WireError) -> TimeSpan {
        try reader.absent { reader throws(WireError) in try reader.duration() }
    }

    @inlinable
    public static func size(_ value: TimeSpan, _ sizes: inout SizeCache) -> Int {
        1 + SizeCache.body(seconds: value.seconds, nanoseconds: value.nanoseconds)
    }

    @inlinable
    public static func write(
        _ value: TimeSpan, _ writer: inout WireWriter, _ sizes: inout SizeCache
    ) {
        writer.body(seconds: value.seconds, nanoseconds: value.nanoseconds)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> TimeSpan {
        try reader.duration()
    }

    public static func writeJSON(_ value: TimeSpan, _ writer: inout JSONWriter) {
        writer.string(value.description)
    }
}

public enum DateCodec: WireCodec {
    @inlinable public static var kind: FieldKind { .date }
    @inlinable public static var wireType: UInt32 { 2 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> CalendarDate {
        try reader.date()
    }

    /// A value of no bytes.
    public static func absent(_ reader: inout WireReader) throws(WireError) -> CalendarDate {
        try reader.absent { reader throws(WireError) in try reader.date() }
    }

    @inlinable
    public static func size(_ value: CalendarDate, _ sizes: inout SizeCache) -> Int {
        1 + SizeCache.body(value)
    }

    @inlinable
    public static func write(
        _ value: CalendarDate, _ writer: inout WireWriter, _ sizes: inout SizeCache
    ) {
        writer.body(value)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> CalendarDate {
        try reader.date()
    }

    public static func writeJSON(_ value: CalendarDate, _ writer: inout JSONWriter) {
        writer.string(value.description)
    }
}

public enum EnumCodec<E: WireEnum>: PackableCodec {
    @inlinable public static var kind: FieldKind { .enumeration(E.names) }
    @inlinable public static var wireType: UInt32 { 0 }
    @inlinable public static var zero: E { E.decoded(0) }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> E {
        try reader.enumeration(.explicit)
    }

    @inlinable
    public static func size(_ value: E, _ sizes: inout SizeCache) -> Int {
        SizeCache.varint(UInt64(UInt32(bitPattern: value.number)))
    }

    @inlinable
    public static func write(_ value: E, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.varint(UInt64(UInt32(bitPattern: value.number)))
    }

    @inlinable
    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> E {
        E.decoded(try reader.enumNumber(E.names))
    }

    @inlinable
    public static func writeJSON(_ value: E, _ writer: inout JSONWriter) {
        writer.enumeration(value.number, E.names)
    }
}

public enum MessageCodec<M: WireMessage>: WireCodec {
    public typealias Value = M

    @inlinable public static var kind: FieldKind { .message { M.fields } }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> M {
        try reader.message()
    }

    @inlinable
    public static func absent(_ reader: inout WireReader) throws(WireError) -> M {
        try reader.absent { reader throws(WireError) in try reader.message() }
    }

    @inlinable
    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> M {
        try M(json: &reader)
    }
}
