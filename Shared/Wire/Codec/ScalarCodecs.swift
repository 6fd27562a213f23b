// One codec per type on the wire: the elements of lists, keys and values of maps, and all of JSON.
// They are caseless enums, so that generic code specializes and nothing is stored.

public enum BoolCodec: PackableCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .bool }
    @inlinable public static var wireType: UInt32 { 0 }
    @inlinable public static var zero: Bool { false }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Bool {
        try reader.bool(.explicit)
    }

    @inlinable
    public static func size(_ value: Bool, _ sizes: inout SizeCache) -> Int {
        1
    }

    @inlinable
    public static func write(_ value: Bool, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.byte(value ? 1 : 0)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Bool {
        try reader.bool()
    }

    public static func writeJSON(_ value: Bool, _ writer: inout JSONWriter) {
        writer.bool(value)
    }
}

public enum Int32Codec: PackableCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .int32 }
    @inlinable public static var wireType: UInt32 { 0 }
    @inlinable public static var zero: Int32 { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Int32 {
        try reader.int32(.explicit)
    }

    @inlinable
    public static func size(_ value: Int32, _ sizes: inout SizeCache) -> Int {
        SizeCache.varint(SizeCache.zigzag(value))
    }

    @inlinable
    public static func write(_ value: Int32, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.varint(SizeCache.zigzag(value))
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Int32 {
        try reader.int32()
    }

    public static func writeJSON(_ value: Int32, _ writer: inout JSONWriter) {
        writer.number(value)
    }
}

public enum Int64Codec: PackableCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .int64 }
    @inlinable public static var wireType: UInt32 { 0 }
    @inlinable public static var zero: Int64 { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Int64 {
        try reader.int64(.explicit)
    }

    @inlinable
    public static func size(_ value: Int64, _ sizes: inout SizeCache) -> Int {
        SizeCache.varint(SizeCache.zigzag(value))
    }

    @inlinable
    public static func write(_ value: Int64, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.varint(SizeCache.zigzag(value))
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Int64 {
        try reader.int64()
    }

    public static func writeJSON(_ value: Int64, _ writer: inout JSONWriter) {
        writer.quoted(value)
    }
}

public enum UInt32Codec: PackableCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .uint32 }
    @inlinable public static var wireType: UInt32 { 0 }
    @inlinable public static var zero: UInt32 { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> UInt32 {
        try reader.uint32(.explicit)
    }

    @inlinable
    public static func size(_ value: UInt32, _ sizes: inout SizeCache) -> Int {
        SizeCache.varint(UInt64(value))
    }

    @inlinable
    public static func write(_ value: UInt32, _ writer: inout WireWriter, _ sizes: inout SizeCache)
    {
        writer.varint(UInt64(value))
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> UInt32 {
        try reader.uint32()
    }

    public static func writeJSON(_ value: UInt32, _ writer: inout JSONWriter) {
        writer.number(value)
    }
}

public enum UInt64Codec: PackableCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .uint64 }
    @inlinable public static var wireType: UInt32 { 0 }
    @inlinable public static var zero: UInt64 { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> UInt64 {
        try reader.uint64(.explicit)
    }

    @inlinable
    public static func size(_ value: UInt64, _ sizes: inout SizeCache) -> Int {
        SizeCache.varint(value)
    }

    @inlinable
    public static func write(_ value: UInt64, _ writer: inout WireWriter, _ sizes: inout SizeCache)
    {
        writer.varint(value)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> UInt64 {
        try reader.uint64()
    }

    public static func writeJSON(_ value: UInt64, _ writer: inout JSONWriter) {
        writer.quoted(value)
    }
}

public enum Int32TwosCodec: PackableCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .int32Twos }
    @inlinable public static var wireType: UInt32 { 0 }
    @inlinable public static var zero: Int32 { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Int32 {
        try reader.int32Twos(.explicit)
    }

    @inlinable
    public static func size(_ value: Int32, _ sizes: inout SizeCache) -> Int {
        SizeCache.varint(UInt64(bitPattern: Int64(value)))
    }

    @inlinable
    public static func write(_ value: Int32, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.varint(UInt64(bitPattern: Int64(value)))
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Int32 {
        try reader.int32()
    }

    public static func writeJSON(_ value: Int32, _ writer: inout JSONWriter) {
        writer.number(value)
    }
}

public enum Int64TwosCodec: PackableCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .int64Twos }
    @inlinable public static var wireType: UInt32 { 0 }
    @inlinable public static var zero: Int64 { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Int64 {
        try reader.int64Twos(.explicit)
    }

    @inlinable
    public static func size(_ value: Int64, _ sizes: inout SizeCache) -> Int {
        SizeCache.varint(UInt64(bitPattern: value))
    }

    @inlinable
    public static func write(_ value: Int64, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.varint(UInt64(bitPattern: value))
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Int64 {
        try reader.int64()
    }

    public static func writeJSON(_ value: Int64, _ writer: inout JSONWriter) {
        writer.quoted(value)
    }
}

public enum Int32FixedCodec: FixedWidthCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .int32Fixed }
    @inlinable public static var wireType: UInt32 { 5 }
    @inlinable public static var zero: Int32 { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Int32 {
        try reader.int32Fixed(.explicit)
    }

    @inlinable
    public static func size(_ value: Int32, _ sizes: inout SizeCache) -> Int {
        4
    }

    @inlinable
    public static func write(_ value: Int32, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.fixed32(UInt32(bitPattern: value))
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Int32 {
        try reader.int32()
    }

    public static func writeJSON(_ value: Int32, _ writer: inout JSONWriter) {
        writer.number(value)
    }
}

public enum UInt32FixedCodec: FixedWidthCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .uint32Fixed }
    @inlinable public static var wireType: UInt32 { 5 }
    @inlinable public static var zero: UInt32 { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> UInt32 {
        try reader.uint32Fixed(.explicit)
    }

    @inlinable
    public static func size(_ value: UInt32, _ sizes: inout SizeCache) -> Int {
        4
    }

    @inlinable
    public static func write(_ value: UInt32, _ writer: inout WireWriter, _ sizes: inout SizeCache)
    {
        writer.fixed32(value)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> UInt32 {
        try reader.uint32()
    }

    public static func writeJSON(_ value: UInt32, _ writer: inout JSONWriter) {
        writer.number(value)
    }
}

public enum Int64FixedCodec: FixedWidthCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .int64Fixed }
    @inlinable public static var wireType: UInt32 { 1 }
    @inlinable public static var zero: Int64 { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Int64 {
        try reader.int64Fixed(.explicit)
    }

    @inlinable
    public static func size(_ value: Int64, _ sizes: inout SizeCache) -> Int {
        8
    }

    @inlinable
    public static func write(_ value: Int64, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.fixed64(UInt64(bitPattern: value))
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Int64 {
        try reader.int64()
    }

    public static func writeJSON(_ value: Int64, _ writer: inout JSONWriter) {
        writer.quoted(value)
    }
}

public enum UInt64FixedCodec: FixedWidthCodec, MapKeyCodec {
    @inlinable public static var kind: FieldKind { .uint64Fixed }
    @inlinable public static var wireType: UInt32 { 1 }
    @inlinable public static var zero: UInt64 { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> UInt64 {
        try reader.uint64Fixed(.explicit)
    }

    @inlinable
    public static func size(_ value: UInt64, _ sizes: inout SizeCache) -> Int {
        8
    }

    @inlinable
    public static func write(_ value: UInt64, _ writer: inout WireWriter, _ sizes: inout SizeCache)
    {
        writer.fixed64(value)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> UInt64 {
        try reader.uint64()
    }

    public static func writeJSON(_ value: UInt64, _ writer: inout JSONWriter) {
        writer.quoted(value)
    }
}

public enum FloatCodec: FixedWidthCodec {
    @inlinable public static var kind: FieldKind { .float }
    @inlinable public static var wireType: UInt32 { 5 }
    @inlinable public static var zero: Float { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Float {
        try reader.float(.explicit)
    }

    @inlinable
    public static func size(_ value: Float, _ sizes: inout SizeCache) -> Int {
        4
    }

    @inlinable
    public static func write(_ value: Float, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.fixed32(value.bitPattern)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Float {
        try reader.float()
    }

    public static func writeJSON(_ value: Float, _ writer: inout JSONWriter) {
        writer.float(value)
    }
}

public enum DoubleCodec: FixedWidthCodec {
    @inlinable public static var kind: FieldKind { .double }
    @inlinable public static var wireType: UInt32 { 1 }
    @inlinable public static var zero: Double { 0 }

    @inlinable
    public static func read(_ reader: inout WireReader) throws(WireError) -> Double {
        try reader.double(.explicit)
    }

    @inlinable
    public static func size(_ value: Double, _ sizes: inout SizeCache) -> Int {
        8
    }

    @inlinable
    public static func write(_ value: Double, _ writer: inout WireWriter, _ sizes: inout SizeCache)
    {
        writer.fixed64(value.bitPattern)
    }

    public static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Double {
        try reader.double()
    }

    public static func writeJSON(_ value: Double, _ writer: inout JSONWriter) {
        writer.double(value)
    }
}
