/// The three HTTP methods that matter here.
public enum HTTPMethod: Sendable, Hashable {
    case post, get, other
}

/// The header block of a request, parsed once: where the fields lie that the runtime needs.
///
/// It shares the arena that the connection read the block into, so making one allocates nothing;
/// keeping one keeps the arena.
public struct RequestHead: Sendable {
    /// All fields, pseudo-headers included, as they came.
    public let fields: Metadata
    /// When the block was read.
    public let receivedAt: Instant
    public private(set) var method = HTTPMethod.other
    /// What the content type says about the encoding of the body.
    public private(set) var contentType = ContentType.other
    /// Over the connection's soft limit of metadata: fields behind the limit are not in `fields`.
    public let isOverMetadataLimit: Bool
    package private(set) var pathField: Range<Int> = 0..<0
    package private(set) var authorityField: Range<Int> = 0..<0
    package private(set) var contentTypeField: Range<Int> = 0..<0
    package private(set) var timeoutField: Range<Int>?
    package private(set) var jsonTimeoutField: Range<Int>?
    package private(set) var encodingField: Range<Int>?
    package private(set) var contentLengthField: Range<Int>?
    package private(set) var hasIdentityFields = false

    public init(fields: Metadata, receivedAt: Instant, isOverMetadataLimit: Bool = false) {
        self.fields = fields
        self.receivedAt = receivedAt
        self.isOverMetadataLimit = isOverMetadataLimit
        fields.arena.withUnsafeBytes { arena in
            var position = 0
            while position < arena.count {
                let name = position + Metadata.Field.overhead
                let value = name + Self.length(arena, at: position)
                let end = value + Self.length(arena, at: position + 4)
                note(arena, name: name..<value, value: value..<end)
                position = end
            }
        }
    }

    private static func length(_ arena: UnsafeRawBufferPointer, at offset: Int) -> Int {
        Int(UInt32(littleEndian: arena.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    /// Remembers one field if the runtime needs it. Names are told apart by their length first.
    private mutating func note(
        _ arena: UnsafeRawBufferPointer, name: Range<Int>, value: Range<Int>
    ) {
        func named(_ expected: StaticString) -> Bool {
            arena[name].elementsEqual(
                UnsafeRawBufferPointer(start: expected.utf8Start, count: expected.utf8CodeUnitCount)
            )
        }
        func valued(_ expected: StaticString) -> Bool {
            arena[value].elementsEqual(
                UnsafeRawBufferPointer(start: expected.utf8Start, count: expected.utf8CodeUnitCount)
            )
        }
        switch name.count {
        case 5 where named(":path"): pathField = value
        case 7 where named(":method"):
            method = valued("POST") ? .post : valued("GET") ? .get : .other
        case 10 where named(":authority"): authorityField = value
        case 12 where named("content-type"):
            contentTypeField = value
            contentType = ContentType(UnsafeRawBufferPointer(rebasing: arena[value]))
        case 12 where named("grpc-timeout"): timeoutField = value
        case 12 where named("assay-tenant"): hasIdentityFields = true
        case 13 where named("grpc-encoding"): encodingField = value
        case 13 where named("assay-service"): hasIdentityFields = true
        case 14 where named("content-length"): contentLengthField = value
        case 18 where named("connect-timeout-ms"): jsonTimeoutField = value
        default: break
        }
    }

    /// The request target as sent, with a query if there is one.
    public var target: String { text(pathField) }

    /// The request target without its query: "/package.Service/Method".
    public var path: String {
        String(decoding: fields.arena[pathField].prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
    }

    public var authority: String { text(authorityField) }

    /// The regular fields: everything but the pseudo-headers.
    public var metadata: Metadata { fields.filter { !fields.hasPrefix($0, ":") } }

    package func text(_ range: Range<Int>) -> String {
        String(decoding: fields.arena[range], as: UTF8.self)
    }

    /// Lends the bytes of one field's value.
    package func withBytes<Result>(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        fields.arena.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
