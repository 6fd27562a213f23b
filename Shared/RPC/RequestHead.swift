internal import Glibc

/// The three HTTP methods that matter here.
public enum HTTPMethod: Sendable, Hashable {
    case post, get, other
}

/// The header block of a request, parsed once: where the fields lie that the runtime needs.
///
/// It shares the arena that the connection read the block into, so making one allocates nothing;
/// keeping one keeps the arena.
public struct RequestHead: Sendable {
    /// Where a field's value lies in the arena.
    package struct Span: Sendable {
        var start: UInt32 = 0
        var count: UInt32 = .max

        package static let absent = Span()
        var range: Range<Int> { isAbsent ? 0..<0 : Int(start)..<Int(start) + Int(count) }
        package var isAbsent: Bool { count == .max }
    }

    /// All fields, pseudo-headers included, as they came.
    public let fields: Metadata
    /// When the block was read.
    public let receivedAt: Instant
    public private(set) var method = HTTPMethod.other
    /// What the content type says about the encoding of the body.
    public private(set) var contentType = ContentType.other
    /// Over the connection's soft limit of metadata: fields behind the limit are not in `fields`.
    public let isOverMetadataLimit: Bool
    /// What `:scheme` says; nil if it says something else.
    package private(set) var isSecureScheme: Bool?
    /// `te: trailers` was sent.
    package private(set) var acceptsTrailers = false
    /// `expect: 100-continue` was sent: the body comes when it is asked for.
    public private(set) var expectsContinue = false
    /// A name has a byte that gRPC does not allow.
    package private(set) var hasForbiddenName = false
    /// There are fields to look at again: binary ones, or with reserved names.
    package private(set) var hasUnusualFields = false
    package private(set) var hasIdentityFields = false
    /// The caller is in a trace.
    package private(set) var hasTrace = false
    /// How much the call matters, as its caller says.
    public private(set) var criticality = Criticality.normal
    package private(set) var pathField = Span.absent
    package private(set) var authorityField = Span.absent
    private var hostField = Span.absent
    package private(set) var timeoutField = Span.absent
    package private(set) var jsonTimeoutField = Span.absent
    package private(set) var encodingField = Span.absent
    package private(set) var acceptEncodingField = Span.absent
    package private(set) var contentLengthField = Span.absent

    public init(fields: Metadata, receivedAt: Instant, isOverMetadataLimit: Bool = false) {
        self.fields = fields
        self.receivedAt = receivedAt
        self.isOverMetadataLimit = isOverMetadataLimit
        fields.arena.withUnsafeBytes { arena in
            guard let base = arena.baseAddress else { return }
            var position = 0
            while position < arena.count {
                let name = Self.length(arena, at: position)
                let value = Self.length(arena, at: position + 4)
                position += Metadata.Field.overhead
                note(base + position, name, base + position + name, value, at: position + name)
                position += name + value
            }
        }
    }

    private static func length(_ arena: UnsafeRawBufferPointer, at offset: Int) -> Int {
        Int(UInt32(littleEndian: arena.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    /// Remembers one field if the runtime needs it. Names are told apart by their length first.
    private mutating func note(
        _ name: UnsafeRawPointer, _ nameCount: Int, _ value: UnsafeRawPointer, _ valueCount: Int,
        at offset: Int
    ) {
        func named(_ expected: StaticString) -> Bool {
            memcmp(name, expected.utf8Start, nameCount) == 0
        }
        func valued(_ expected: StaticString) -> Bool {
            valueCount == expected.utf8CodeUnitCount
                && memcmp(value, expected.utf8Start, valueCount) == 0
        }
        var span: Span { Span(start: UInt32(offset), count: UInt32(valueCount)) }
        switch nameCount {
        case 2 where named("te"): acceptsTrailers = valued("trailers")
        case 4 where named("host"): hostField = span
        case 5 where named(":path"): pathField = span
        case 6 where named("expect"):
            let expected = UnsafeRawBufferPointer(start: value, count: valueCount)
            expectsContinue =
                String(decoding: expected, as: UTF8.self).lowercased() == "100-continue"
        case 7 where named(":method"):
            method = valued("POST") ? .post : valued("GET") ? .get : .other
        case 7 where named(":scheme"):
            isSecureScheme = valued("http") ? false : valued("https") ? true : nil
        case 10 where named("user-agent"): break
        case 10 where named(":authority"): authorityField = span
        case 11 where named("traceparent"): hasTrace = true
        case 12 where named("content-type"):
            contentType = ContentType(UnsafeRawBufferPointer(start: value, count: valueCount))
        case 12 where named("grpc-timeout"): timeoutField = span
        case 12 where named("assay-tenant"): hasIdentityFields = true
        case 13 where named("grpc-encoding"): encodingField = span
        case 14 where named("content-length"): contentLengthField = span
        case 14 where named("grpc-trace-bin"): hasTrace = true
        case 17 where named("assay-criticality"):
            criticality = Criticality(
                header: UnsafeRawBufferPointer(start: value, count: valueCount))
        case 18 where named("connect-timeout-ms"): jsonTimeoutField = span
        case 20 where named("grpc-accept-encoding"): acceptEncodingField = span
        default: noteUnusual(UnsafeRawBufferPointer(start: name, count: nameCount))
        }
    }

    private mutating func noteUnusual(_ name: UnsafeRawBufferPointer) {
        for byte in name where !Metadata.isNameByte(byte) { hasForbiddenName = true }
        guard name.count > 4 else { return }
        let start = UInt32(bigEndian: name.loadUnaligned(as: UInt32.self))
        let end = name.loadUnaligned(fromByteOffset: name.count - 4, as: UInt32.self)
        if start == Self.reserved || UInt32(bigEndian: end) == Self.binary {
            hasUnusualFields = true
        }
    }

    /// "grpc" and "-bin".
    private static var reserved: UInt32 { 0x6772_7063 }
    private static var binary: UInt32 { 0x2D62_696E }

    /// The request target as sent, with a query if there is one.
    public var target: String { text(pathField) }

    /// The request target without its query: "/package.Service/Method".
    public var path: String {
        let target = fields.arena[pathField.range]
        return String(decoding: target.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
    }

    public var authority: String { text(authorityField) }

    /// Whether `host` names another server than `:authority`: two hops could disagree on who is meant.
    package var hasOtherHost: Bool {
        if hostField.isAbsent || authorityField.isAbsent { return false }
        func folded(_ span: Span) -> some Sequence<UInt8> {
            fields.arena[span.range].lazy.map { $0 | (0x41...0x5A ~= $0 ? 0x20 : 0) }
        }
        return !folded(hostField).elementsEqual(folded(authorityField))
    }

    /// The regular fields: everything but the pseudo-headers.
    public var metadata: Metadata { fields.filter { !fields.hasPrefix($0, ":") } }

    package func text(_ span: Span) -> String {
        String(decoding: fields.arena[span.range], as: UTF8.self)
    }

    /// Lends the bytes of one field's value.
    package func withBytes<Result>(
        _ span: Span, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        fields.arena.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[span.range])) }
    }
}
