/// A header field.
public struct Field: Sendable, Hashable, CustomStringConvertible {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    public var description: String { "\(name): \(value)" }
}

/// The representations of RFC 7541 §6, each by itself, so that a test writes exactly what it means.
public enum HPACK {
    /// How a literal field is to be treated by tables on its way.
    public enum Indexing: Sendable, CaseIterable {
        case incremental, without, never

        var pattern: UInt8 {
            switch self {
            case .incremental: 0x40
            case .without: 0x00
            case .never: 0x10
            }
        }

        /// Bits of the first byte that are left for the index.
        var prefix: Int { self == .incremental ? 6 : 4 }
    }

    /// An integer with a prefix of `prefix` bits (RFC 7541 §5.1).
    public static func integer(_ value: Int, prefix: Int, pattern: UInt8 = 0) -> [UInt8] {
        let limit = 1 << prefix - 1
        if value < limit { return [pattern | UInt8(value)] }
        var rest = value - limit
        var bytes = [pattern | UInt8(limit)]
        while rest >= 128 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// A string (RFC 7541 §5.2).
    public static func string(_ text: String, isHuffman: Bool = false) -> [UInt8] {
        let bytes = isHuffman ? HuffmanCode.encode(text) : Array(text.utf8)
        return integer(bytes.count, prefix: 7, pattern: isHuffman ? 0x80 : 0) + bytes
    }

    public static func indexed(_ index: Int) -> [UInt8] {
        integer(index, prefix: 7, pattern: 0x80)
    }

    public static func literal(
        _ field: Field, _ indexing: Indexing = .without, isHuffman: Bool = false
    ) -> [UInt8] {
        [indexing.pattern] + string(field.name, isHuffman: isHuffman)
            + string(field.value, isHuffman: isHuffman)
    }

    /// A literal whose name stands in a table.
    public static func literal(
        nameAt index: Int, _ value: String, _ indexing: Indexing = .without,
        isHuffman: Bool = false
    ) -> [UInt8] {
        integer(index, prefix: indexing.prefix, pattern: indexing.pattern)
            + string(value, isHuffman: isHuffman)
    }

    public static func tableSizeUpdate(_ size: Int) -> [UInt8] {
        integer(size, prefix: 5, pattern: 0x20)
    }

    /// A block of literals that touch no table: what most tests send.
    public static func block(_ fields: [Field]) -> [UInt8] { fields.flatMap { literal($0) } }
}

/// Decodes the header blocks that one side of a connection sends (RFC 7541).
public struct HeaderDecoder: Sendable {
    public enum Fault: Error, Hashable {
        case truncated
        case badIndex(Int)
        case badString
        case tableTooLarge(Int)
    }

    private var table: [Field] = []
    private var maximumSize = 4096

    public init() {}

    public mutating func decode(_ block: [UInt8]) throws -> [Field] {
        var reader = Reader(bytes: block)
        var fields: [Field] = []
        while let first = reader.peek {
            if first & 0x80 != 0 {
                fields.append(try field(at: reader.integer(prefix: 7)))
            } else if first & 0xE0 == 0x20 {
                let size = try reader.integer(prefix: 5)
                guard size <= 4096 else { throw Fault.tableTooLarge(size) }
                maximumSize = size
                evict()
            } else {
                let isIndexed = first & 0x40 != 0
                let index = try reader.integer(prefix: isIndexed ? 6 : 4)
                let name = try index == 0 ? reader.string() : field(at: index).name
                let field = Field(name, try reader.string())
                fields.append(field)
                if isIndexed {
                    table.insert(field, at: 0)
                    evict()
                }
            }
        }
        return fields
    }

    private func field(at index: Int) throws -> Field {
        if (1...Self.staticTable.count).contains(index) { return Self.staticTable[index - 1] }
        let dynamic = index - Self.staticTable.count - 1
        guard table.indices.contains(dynamic) else { throw Fault.badIndex(index) }
        return table[dynamic]
    }

    private mutating func evict() {
        var size = table.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
        while size > maximumSize, let last = table.popLast() {
            size -= last.name.utf8.count + last.value.utf8.count + 32
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func byte() throws -> UInt8 {
            guard let byte = peek else { throw Fault.truncated }
            position += 1
            return byte
        }

        mutating func integer(prefix: Int) throws -> Int {
            let limit = 1 << prefix - 1
            var value = Int(try byte()) & limit
            if value < limit { return value }
            var shift = 0
            while true {
                let next = try byte()
                guard shift <= 28 else { throw Fault.truncated }
                value += Int(next & 127) << shift
                if next & 128 == 0 { return value }
                shift += 7
            }
        }

        mutating func string() throws -> String {
            let isHuffman = (peek ?? 0) & 0x80 != 0
            let count = try integer(prefix: 7)
            guard count <= bytes.count - position else { throw Fault.truncated }
            let raw = Array(bytes[position..<position + count])
            position += count
            guard isHuffman else { return String(decoding: raw, as: UTF8.self) }
            guard let text = HuffmanCode.decode(raw) else { throw Fault.badString }
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// RFC 7541, appendix A.
    public static let staticTable: [Field] =
        [
            Field(":authority", ""), Field(":method", "GET"), Field(":method", "POST"),
            Field(":path", "/"), Field(":path", "/index.html"), Field(":scheme", "http"),
            Field(":scheme", "https"),
        ] + ["200", "204", "206", "304", "400", "404", "500"].map { Field(":status", $0) }
        + [
            Field("accept-charset", ""), Field("accept-encoding", "gzip, deflate"),
        ]
        + [
            "accept-language", "accept-ranges", "accept", "access-control-allow-origin", "age",
            "allow", "authorization", "cache-control", "content-disposition", "content-encoding",
            "content-language", "content-length", "content-location", "content-range",
            "content-type", "cookie", "date", "etag", "expect", "expires", "from", "host",
            "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
            "last-modified", "link", "location", "max-forwards", "proxy-authenticate",
            "proxy-authorization", "range", "referer", "refresh", "retry-after", "server",
            "set-cookie", "strict-transport-security", "transfer-encoding", "user-agent", "vary",
            "via", "www-authenticate",
        ].map { Field($0, "") }
}
