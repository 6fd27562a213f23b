internal import Glibc
internal import Wire

/// Header fields beside a message: an ordered list of names and values.
///
/// All fields lie in one array of bytes, so a block of headers is one allocation however many
/// fields it has. Values are bytes; a name that ends in `-bin` carries base64 on the wire.
///
/// Arena format, shared with `HTTP2.HeaderBlock`: per field the length of the name and of the value
/// as little-endian `UInt32`, then the bytes of both.
public struct Metadata: Sendable, Hashable {
    package private(set) var arena: [UInt8]
    /// The number of fields.
    public private(set) var count: Int

    public init() {
        arena = []
        count = 0
    }

    /// Takes over fields that already have the arena format.
    package init(arena: [UInt8], count: Int) {
        self.arena = arena
        self.count = count
    }

    public var isEmpty: Bool { count == 0 }

    /// Adds a field behind the others. The name is lowercased. A byte that HTTP forbids in values
    /// becomes a space, so a value cannot forge a header.
    public mutating func append(_ name: String, _ value: String) {
        append(name: name.lowercased().utf8, value: value.utf8)
    }

    /// Adds a binary field, base64 without padding; the name must end in `-bin`.
    public mutating func append(_ name: String, bytes: [UInt8]) {
        precondition(name.hasSuffix("-bin"), "a binary field's name ends in -bin")
        append(name: name.lowercased().utf8, value: Base64.encode(bytes, padded: false))
    }

    package mutating func append(
        name: some Collection<UInt8>, value: some Collection<UInt8>
    ) {
        add(name, value)
    }

    /// What most fields come by: texts.
    package mutating func append(name: String.UTF8View, value: String.UTF8View) {
        add(name, value)
    }

    package mutating func append(name: String.UTF8View, value: [UInt8]) { add(name, value) }

    @inline(__always)
    private mutating func add(_ name: some Collection<UInt8>, _ value: some Collection<UInt8>) {
        let isLent: Bool?? = name.withContiguousStorageIfAvailable { name in
            value.withContiguousStorageIfAvailable { value in
                append(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer(value))
                return true
            }
        }
        if isLent == .some(.some(true)) { return }
        Array(name).withUnsafeBytes { name in
            Array(value).withUnsafeBytes { value in append(name, value) }
        }
    }

    private mutating func append(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) {
        // Both lengths at once: the name's stands first.
        let lengths = UInt64(UInt32(name.count)) | UInt64(UInt32(value.count)) << 32
        withUnsafeBytes(of: lengths.littleEndian) { arena.append(contentsOf: $0) }
        arena.append(contentsOf: name)
        let start = arena.count
        arena.append(contentsOf: value)
        count += 1
        guard Self.mayHaveForbidden(value) else { return }
        arena.withUnsafeMutableBufferPointer { bytes in
            for index in start..<bytes.count where Self.isForbidden(bytes[index]) {
                bytes[index] = 0x20
            }
        }
    }

    /// Makes room for so many bytes behind those that are there.
    package mutating func reserve(_ bytes: Int) { arena.reserveCapacity(arena.count + bytes) }

    /// Control characters other than the tab (RFC 9110 §5.5).
    private static func isForbidden(_ byte: UInt8) -> Bool {
        byte < 0x20 && byte != 0x09 || byte == 0x7F
    }

    /// Looks at eight bytes at a time; a tab among them is worth a second look, too.
    private static func mayHaveForbidden(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (ones, high): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        var position = 0
        while position + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let isDelete = word ^ (ones &* 0x7F)
            // The high bit of each byte below 0x20, and of each that is 0x7F.
            let found = (word &- ones &* 0x20) & ~word | (isDelete &- ones) & ~isDelete
            if found & high != 0 { return true }
            position += 8
        }
        return UnsafeRawBufferPointer(rebasing: bytes[position...]).contains(where: isForbidden)
    }

    /// Adds all of `other` behind the fields that are there.
    public mutating func append(contentsOf other: Metadata) {
        arena.append(contentsOf: other.arena)
        count += other.count
    }

    /// The first value of this name; setting replaces all its values, nil removes them.
    public subscript(name: String) -> String? {
        get { firstField(name).map { String(decoding: arena[$0.value], as: UTF8.self) } }
        set {
            removeAll(name)
            if let newValue { append(name, newValue) }
        }
    }

    /// All values of this name, in order.
    public func values(_ name: String) -> [String] {
        fields.filter { matches($0, name) }.map { String(decoding: arena[$0.value], as: UTF8.self) }
    }

    /// The decoded bytes of the first value of a `-bin` name; nil if absent or not base64.
    /// Several values joined by a comma count singly.
    public func bytes(_ name: String) -> [UInt8]? { binaryValues(name).first }

    public mutating func removeAll(_ name: String) {
        guard firstField(name) != nil else { return }
        self = filter { !matches($0, name) }
    }

    package func filter(_ isIncluded: (Field) -> Bool) -> Metadata {
        var kept = Metadata()
        // Most fields stay, and mostly a few are added then.
        kept.arena.reserveCapacity(arena.count + 256)
        arena.withUnsafeBytes { arena in
            // Neighbours that stay are copied in one piece.
            var (start, position) = (0, 0)
            while position < arena.count {
                let field = Field(at: position, in: arena)
                if isIncluded(field) {
                    kept.count += 1
                } else {
                    kept.arena.append(
                        contentsOf: UnsafeRawBufferPointer(rebasing: arena[start..<position]))
                    start = field.value.upperBound
                }
                position = field.value.upperBound
            }
            kept.arena.append(
                contentsOf: UnsafeRawBufferPointer(rebasing: arena[start..<position]))
        }
        return kept
    }

    /// Bytes by HTTP/2's count: name + value + 32 per field (RFC 9113 §6.5.2).
    public var listSize: Int { arena.count + count * (32 - Field.overhead) }
}

extension Metadata {
    /// Where a field lies in the arena.
    package struct Field {
        package static let overhead = 8
        package let start: Int
        package let name: Range<Int>
        package let value: Range<Int>

        /// The field whose lengths stand at `start`.
        init(at start: Int, in arena: UnsafeRawBufferPointer) {
            let name = start + Self.overhead
            let value = name + Self.length(arena, at: start)
            self.start = start
            self.name = name..<value
            self.value = value..<value + Self.length(arena, at: start + 4)
        }

        private static func length(_ arena: UnsafeRawBufferPointer, at offset: Int) -> Int {
            Int(UInt32(littleEndian: arena.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
    }

    /// Walks the arena front to back.
    package struct Fields: Sequence, IteratorProtocol {
        let arena: [UInt8]
        var position = 0

        package mutating func next() -> Field? {
            guard position < arena.count else { return nil }
            let field = arena.withUnsafeBytes { Field(at: position, in: $0) }
            position = field.value.upperBound
            return field
        }
    }

    package var fields: Fields { Fields(arena: arena) }

    package func firstField(_ name: String) -> Field? {
        if isEmpty { return nil }
        var name = name
        return name.withUTF8 { name in
            arena.withUnsafeBytes { arena in
                var position = 0
                while position < arena.count {
                    let field = Field(at: position, in: arena)
                    if Self.isEqual(field.name, name, in: arena) { return field }
                    position = field.value.upperBound
                }
                return nil
            }
        }
    }

    package func matches(_ field: Field, _ name: String) -> Bool {
        if field.name.count != name.utf8.count { return false }
        var name = name
        return name.withUTF8 { name in
            arena.withUnsafeBytes { Self.isEqual(field.name, name, in: $0) }
        }
    }

    package func hasPrefix(_ field: Field, _ prefix: String) -> Bool {
        var prefix = prefix
        return prefix.withUTF8 { prefix in
            if field.name.count < prefix.count { return false }
            return arena.withUnsafeBytes {
                Self.isEqual(field.name.prefix(prefix.count), prefix, in: $0)
            }
        }
    }

    private static func isEqual(
        _ range: Range<Int>, _ text: UnsafeBufferPointer<UInt8>, in arena: UnsafeRawBufferPointer
    ) -> Bool {
        guard range.count == text.count, let base = arena.baseAddress, let bytes = text.baseAddress
        else { return range.count == text.count }
        return memcmp(base + range.lowerBound, bytes, text.count) == 0
    }
}

extension Metadata: Sequence {
    /// Fields in order, as text; bytes that are not UTF-8 are replaced.
    public func makeIterator() -> AnyIterator<(name: String, value: String)> {
        var fields = fields
        let arena = arena
        return AnyIterator {
            fields.next().map {
                (
                    String(decoding: arena[$0.name], as: UTF8.self),
                    String(decoding: arena[$0.value], as: UTF8.self)
                )
            }
        }
    }
}

extension Metadata: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { append(name, value) }
    }
}

extension Metadata: CustomStringConvertible {
    /// Names only: values may be secrets.
    public var description: String { "[" + map(\.name).joined(separator: ", ") + "]" }
}
