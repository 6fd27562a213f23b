/// How one type is written, on the wire and in JSON.
public protocol WireEncoder {
    associatedtype Value: WireValue

    /// VARINT 0, I64 1, LEN 2, I32 5.
    static var wireType: UInt32 { get }
    /// The size of a value behind its tag, with the length of a LEN record.
    static func size(_ value: Value, _ sizes: inout SizeCache) -> Int
    static func write(_ value: Value, _ writer: inout WireWriter, _ sizes: inout SizeCache)
    static func writeJSON(_ value: Value, _ writer: inout JSONWriter)
}

/// A type whose lists are packed into one record.
public protocol PackableEncoder: WireEncoder {}

/// How one type is written and read.
public protocol WireCodec: WireEncoder {
    static var kind: FieldKind { get }
    /// Reads a value behind its tag; zero is a value.
    static func read(_ reader: inout WireReader) throws(WireError) -> Value
    /// What a map entry without a value means, at the tolerant door.
    static func absent(_ reader: inout WireReader) throws(WireError) -> Value
    static func readJSON(_ reader: inout JSONReader) throws(JSONError) -> Value
}

/// A type with a zero.
public protocol ZeroCodec: WireCodec {
    static var zero: Value { get }
}

extension ZeroCodec {
    @inlinable
    public static func absent(_ reader: inout WireReader) throws(WireError) -> Value { zero }
}

/// A packable type that can be read.
public protocol PackableCodec: ZeroCodec, PackableEncoder {}

/// A type whose memory, on a little-endian machine, is its encoding.
public protocol FixedWidthCodec: PackableCodec {}

/// A type that may be the key of a map.
public protocol MapKeyCodec: ZeroCodec where Value: WireMapKey & LosslessStringConvertible {}

/// A message is written as its length and its body.
extension WireEncoder where Value: WireRecord {
    @inlinable public static var wireType: UInt32 { 2 }

    @inlinable
    public static func size(_ value: Value, _ sizes: inout SizeCache) -> Int { sizes.length(value) }

    @inlinable
    public static func write(_ value: Value, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.varint(UInt64(truncatingIfNeeded: sizes.next()))
        value.write(to: &writer, &sizes)
    }

    @inlinable
    public static func writeJSON(_ value: Value, _ writer: inout JSONWriter) {
        value.writeJSON(to: &writer)
    }
}

extension WireReader {
    /// Reads a record of no bytes, with whatever that means for its type.
    @inlinable
    package mutating func absent<T>(
        _ read: (inout WireReader) throws(WireError) -> T
    ) throws(WireError) -> T {
        // A length of zero, and nothing behind it.
        try withScratch([0], read)
    }
}
