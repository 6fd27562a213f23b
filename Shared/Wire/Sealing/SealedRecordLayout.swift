/// Where the parts of a sealed record stand, as far as its own bytes say; the digest is not looked
/// at.
package struct SealedRecordLayout: Sendable {
    package let name: String
    package let fingerprint: Fingerprint
    /// Positions count from the start of the record.
    package let payload: Range<Int>
    /// Behind the digest.
    package var end: Int { payload.upperBound + 32 }

    /// Reads the head of a record at the start of `bytes`; what follows the record is not looked
    /// at.
    package init(_ bytes: ArraySlice<UInt8>) throws(SealError) {
        let bytes = ArraySlice(bytes)
        let start = bytes.startIndex
        // magic 4, flags 1, nameLen 1, name, fingerprint 32, len 4, payload, digest 32
        for (index, expected) in SealedRecord.magic.enumerated() {
            guard index < bytes.count, bytes[start + index] == expected else {
                throw .malformed("it does not start with ASY1", offset: index)
            }
        }
        guard bytes.count >= 6 else { throw .malformed("it is truncated", offset: bytes.count) }
        guard bytes[start + 4] == 0 else { throw .malformed("unknown flags", offset: 4) }
        let nameEnd = 6 + Int(bytes[start + 5])
        guard nameEnd > 6 else { throw .malformed("the name is empty", offset: 5) }
        let header = nameEnd + 36
        guard bytes.count >= header else {
            throw .malformed("it is truncated", offset: bytes.count)
        }
        let name = bytes[start + 6..<start + nameEnd]
        if let stray = name.firstIndex(where: { !Self.isNameByte($0) }) {
            throw .malformed("not a character of a type's name", offset: stray - start)
        }
        let size = bytes[start + header - 4..<start + header].reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count - header - 32 >= size else {
            throw .malformed(
                "it says that it has \(header + size + 32) bytes, and \(bytes.count) are there",
                offset: header - 4)
        }
        self.name = String(decoding: name, as: UTF8.self)
        fingerprint = Fingerprint(bytes: bytes[start + nameEnd..<start + nameEnd + 32]) ?? .zero
        payload = header..<header + size
    }

    /// Letters, digits, `_` and the dots between components.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
