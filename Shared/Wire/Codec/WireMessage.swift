/// A value that is written as a sequence of records: a generated message, or one whose schema is
/// known only at run time.
public protocol WireRecord: WireValue, CustomStringConvertible {
    /// The size of the encoded body in bytes; remembers the sizes inside for `write`.
    func measure(_ sizes: inout SizeCache) -> Int
    /// Writes the body that `measure` has measured.
    func write(to writer: inout WireWriter, _ sizes: inout SizeCache)

    /// Reports what breaks the bounds of the schema.
    func validate(_ violations: inout Violations)

    func writeJSON(to writer: inout JSONWriter)

    /// Records that the schema does not know, nil if there are none.
    var unknown: UnknownFields? { get set }
}

/// A message or union of a schema. Generated code conforms; nobody else has to.
public protocol WireMessage: WireRecord {
    /// The full name in the schema, such as `assay.risk.v1.Decision`.
    static var fullName: String { get }
    /// Number, name, shape and sensitivity of every field.
    static var fields: FieldTable { get }

    /// Placeholders, for `read` to fill in: what is required is missing.
    static func blank() -> Self
    /// Decodes the records of the reader's current extent.
    mutating func read(from reader: inout WireReader) throws(WireError)
    /// Reads the value of the field with this number.
    mutating func readJSON(_ field: Int, from reader: inout JSONReader) throws(JSONError)
}

extension WireRecord {
    /// The canonical encoding, behind `prefix` zero bytes (5 for a gRPC frame).
    @inlinable
    public func encoded(prefix: Int = 0) -> [UInt8] {
        WireWriter.encode(self, prefix: prefix)
    }

    /// How many bytes the canonical encoding has.
    @inlinable
    public var encodedSize: Int { WireWriter.size(of: self) }

    /// What breaks the bounds of the schema, at most 20 findings; empty for a valid message.
    public func violations() -> [Violation] {
        var violations = Violations()
        validate(&violations)
        return violations.found
    }

    /// The JSON form, on one line.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writeJSON(to: &writer)
        return writer.bytes
    }

    /// The JSON form with personal data replaced by its kind: `‹account›`.
    public var description: String {
        var writer = JSONWriter(redacting: true)
        writeJSON(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension WireMessage {
    @inlinable
    public static var fullName: String { fields.name }

    /// Decodes a whole message.
    @inlinable
    public init(
        decoding bytes: UnsafeRawBufferPointer, door: Door, limits: DecodeLimits = DecodeLimits()
    ) throws(WireError) {
        self = try WireReader.decode(Self.self, bytes, door, limits)
    }

    /// Decodes a whole message.
    @inlinable
    public init(
        decoding bytes: [UInt8], door: Door, limits: DecodeLimits = DecodeLimits()
    ) throws(WireError) {
        self = try bytes.withUnsafeBufferPointer { buffer throws(WireError) in
            try WireReader.decode(Self.self, UnsafeRawBufferPointer(buffer), door, limits)
        }
    }

    /// Decodes a whole message.
    @inlinable
    public init(
        decoding bytes: ArraySlice<UInt8>, door: Door, limits: DecodeLimits = DecodeLimits()
    ) throws(WireError) {
        self = try bytes.withUnsafeBufferPointer { buffer throws(WireError) in
            try WireReader.decode(Self.self, UnsafeRawBufferPointer(buffer), door, limits)
        }
    }

    /// Reads the JSON form of a message inside another.
    @inlinable
    init(json reader: inout JSONReader) throws(JSONError) {
        self = .blank()
        try reader.message(Self.fields) { field, reader throws(JSONError) in
            try readJSON(field, from: &reader)
        }
    }

    /// Reads the JSON form; nothing but white space may follow it.
    @inlinable
    public init(
        jsonBytes bytes: [UInt8], limits: JSONLimits = JSONLimits()
    ) throws(JSONError) {
        var reader = try JSONReader(bytes, limits: limits)
        try self.init(json: &reader)
        try reader.end()
    }

    /// Reads the JSON form; nothing but white space may follow it.
    @inlinable
    public init(
        jsonBytes bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) {
        try self.init(jsonBytes: [UInt8](bytes), limits: limits)
    }
}
