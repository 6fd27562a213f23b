// One of the few files with unsafe pointers: strings are compared in one call, and made from bytes that
// the caller keeps alive. Each pointer lives for the one closure or call that it is handed to.
#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Strings as their UTF-8 bytes.
public enum UTF8Order {
    /// The string of these bytes; nil unless they are UTF-8.
    ///
    /// Not `String(validating:as:)`: that looks up generic metadata at run time, which costs more than
    /// the rest of decoding a short string.
    @inline(__always)
    static func string(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        if isASCII(UnsafeRawBufferPointer(bytes)) {
            return String(copying: UTF8Span(unchecked: bytes.span, isKnownASCII: true))
        }
        guard let text = try? UTF8Span(validating: bytes.span) else { return nil }
        return String(copying: text)
    }

    /// Words of eight bytes, the last of which may overlap the one before; less than eight in two
    /// overlapping halves.
    @inline(__always)
    private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let count = bytes.count
        var bits: UInt64 = 0
        if count >= 8 {
            var index = 0
            while index + 8 < count {
                bits |= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                index += 8
            }
            bits |= bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        } else if count >= 4 {
            bits |= UInt64(bytes.loadUnaligned(as: UInt32.self))
            bits |= UInt64(bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
        } else {
            for byte in bytes { bits |= UInt64(byte) }
        }
        return bits & 0x8080_8080_8080_8080 == 0
    }

    /// The string of these bytes; nil unless they are UTF-8.
    static func string(_ bytes: [UInt8]) -> String? {
        bytes.withUnsafeBufferPointer { string($0) }
    }

    @usableFromInline
    static func compare(_ a: String, _ b: String) -> Int {
        var result: Int?
        a.utf8.withContiguousStorageIfAvailable { left in
            b.utf8.withContiguousStorageIfAvailable { right in
                result = compare(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
            }
        }
        if let result { return result }
        if a.utf8.elementsEqual(b.utf8) { return 0 }
        return a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
    }

    private static func compare(
        _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer
    ) -> Int {
        guard let left = a.baseAddress, let right = b.baseAddress else { return a.count - b.count }
        let order = Int(memcmp(left, right, min(a.count, b.count)))
        return order != 0 ? order : a.count - b.count
    }

    /// Feeds the UTF-8 bytes of a string.
    @usableFromInline
    static func hash(_ text: String, into hasher: inout Hasher) {
        hasher.combine(text.utf8.count)
        // A string without contiguous storage, which Linux does not have, is hashed by its length alone.
        text.utf8.withContiguousStorageIfAvailable { utf8 in
            hasher.combine(bytes: UnsafeRawBufferPointer(utf8))
        }
    }

    @inlinable
    public static func equal(_ a: String, _ b: String) -> Bool {
        a.utf8.count == b.utf8.count && compare(a, b) == 0
    }

    @inlinable
    public static func precedes(_ a: String, _ b: String) -> Bool { compare(a, b) < 0 }
}
