/// Numbers and texts of a UBJSON document whose bounds were checked already: big-endian, each with
/// a letter that names its type.
enum UBJSONNumber {
    /// Bytes of a number of the type that `marker` names; nil if it names none.
    static func width(_ marker: UInt8) -> Int? {
        switch marker {
        case UInt8(ascii: "i"), UInt8(ascii: "U"), UInt8(ascii: "C"): 1
        case UInt8(ascii: "I"): 2
        case UInt8(ascii: "l"), UInt8(ascii: "d"): 4
        case UInt8(ascii: "L"), UInt8(ascii: "D"): 8
        default: nil
        }
    }

    /// Nil if the number is a float.
    static func integer(_ bytes: [UInt8], at offset: Int, _ marker: UInt8) -> Int? {
        switch marker {
        case UInt8(ascii: "i"), UInt8(ascii: "C"): Int(Int8(bitPattern: bytes[offset]))
        case UInt8(ascii: "U"): Int(bytes[offset])
        case UInt8(ascii: "I"):
            Int(Int16(truncatingIfNeeded: bits(bytes, at: offset, count: 2)))
        case UInt8(ascii: "l"):
            Int(Int32(truncatingIfNeeded: bits(bytes, at: offset, count: 4)))
        case UInt8(ascii: "L"):
            Int(Int64(bitPattern: bits(bytes, at: offset, count: 8)))
        default: nil
        }
    }

    /// Nearest float32: exact where the file holds one.
    static func float(_ bytes: [UInt8], at offset: Int, _ marker: UInt8) -> Float {
        switch marker {
        case UInt8(ascii: "d"): single(bytes, at: offset)
        case UInt8(ascii: "D"):
            Float(Double(bitPattern: bits(bytes, at: offset, count: 8)))
        default: Float(integer(bytes, at: offset, marker) ?? 0)
        }
    }

    static func double(_ bytes: [UInt8], at offset: Int, _ marker: UInt8) -> Double {
        switch marker {
        case UInt8(ascii: "d"): Double(single(bytes, at: offset))
        case UInt8(ascii: "D"): Double(bitPattern: bits(bytes, at: offset, count: 8))
        default: Double(integer(bytes, at: offset, marker) ?? 0)
        }
    }

    /// The bytes of the text whose length stands at `offset`.
    static func text(_ bytes: [UInt8], at offset: Int) -> ArraySlice<UInt8> {
        let marker = bytes[offset]
        let start = offset + 1 + (width(marker) ?? 0)
        let count = integer(bytes, at: offset + 1, marker) ?? 0
        return bytes[start..<start + count]
    }

    private static func single(_ bytes: [UInt8], at offset: Int) -> Float {
        Float(bitPattern: UInt32(truncatingIfNeeded: bits(bytes, at: offset, count: 4)))
    }

    @inline(__always)
    private static func bits(_ bytes: [UInt8], at offset: Int, count: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in offset..<offset + count { value = value << 8 | UInt64(bytes[index]) }
        return value
    }
}

/// An array of a UBJSON document that states one type for all its numbers.
struct UBJSONNumbers {
    let marker: UInt8
    let width: Int
    let start: Int
    let count: Int

    /// - Parameter offset: where its `[$` stands.
    init(_ bytes: [UInt8], at offset: Int) {
        marker = bytes[offset + 2]
        width = UBJSONNumber.width(marker) ?? 1
        let length = bytes[offset + 4]
        start = offset + 5 + (UBJSONNumber.width(length) ?? 0)
        count = UBJSONNumber.integer(bytes, at: offset + 5, length) ?? 0
    }
}
