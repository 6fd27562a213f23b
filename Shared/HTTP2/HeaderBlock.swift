/// The fields of one header block in one array of bytes, in the order they came.
///
/// Per field: the length of the name and of the value as little-endian `UInt32`, then the bytes of
/// both.
public struct HeaderBlock: Sendable, Hashable {
    public private(set) var arena: [UInt8] = []
    public private(set) var count = 0
    /// Bytes by HTTP/2's count, fields that were not stored included (RFC 9113 §6.5.2).
    public private(set) var listSize = 0
    /// Fields that were counted and not stored, because the soft limit was reached.
    public private(set) var isOverSoftLimit = false

    public init() {}

    init(arena: [UInt8], count: Int, listSize: Int, isOverSoftLimit: Bool) {
        self.arena = arena
        self.count = count
        self.listSize = listSize
        self.isOverSoftLimit = isOverSoftLimit
    }

    public mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        appendLength(name.count)
        appendLength(value.count)
        arena.append(contentsOf: name)
        arena.append(contentsOf: value)
        listSize += name.count + value.count + 32
        count += 1
    }

    private mutating func appendLength(_ length: Int) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: length).littleEndian) {
            arena.append(contentsOf: $0)
        }
    }

    /// Adds a field from text; for tests and for what we send.
    public mutating func append(_ name: String, _ value: String) {
        Array(name.utf8).withUnsafeBytes { name in
            Array(value.utf8).withUnsafeBytes { append(name: name, value: $0) }
        }
    }

    /// Fields in order, as text.
    public var fields: [(name: String, value: String)] {
        var fields: [(String, String)] = []
        arena.withUnsafeBytes { arena in
            Self.forEach(arena) { name, value in
                fields.append(
                    (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
            }
        }
        return fields
    }

    /// Walks an arena; the pointers are valid during the call.
    static func forEach(
        _ arena: UnsafeRawBufferPointer,
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) {
        var position = 0
        while position < arena.count {
            let name = position + 8
            let value = name + length(arena, at: position)
            let end = value + length(arena, at: position + 4)
            body(
                UnsafeRawBufferPointer(rebasing: arena[name..<value]),
                UnsafeRawBufferPointer(rebasing: arena[value..<end]))
            position = end
        }
    }

    private static func length(_ arena: UnsafeRawBufferPointer, at offset: Int) -> Int {
        Int(UInt32(littleEndian: arena.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}
