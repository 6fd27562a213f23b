/// Just enough of protobuf's encoding for the messages of `google.rpc`, which no schema of ours
/// holds because they travel in an `Any`.
struct ProtobufFields {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ number: Int, varint value: UInt64) {
        if value == 0 { return }
        append(rawVarint: UInt64(number << 3))
        append(rawVarint: value)
    }

    mutating func append(_ number: Int, _ text: String) {
        if !text.isEmpty { append(number, bytes: Array(text.utf8)) }
    }

    mutating func append(_ number: Int, bytes payload: [UInt8]) {
        append(rawVarint: UInt64(number << 3 | 2))
        append(rawVarint: UInt64(payload.count))
        bytes += payload
    }

    private mutating func append(rawVarint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    struct Field {
        let number: Int
        var varint: UInt64 = 0
        var bytes: ArraySlice<UInt8> = []
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// The fields in order; nil if the bytes are not well formed.
    static func read(_ bytes: ArraySlice<UInt8>) -> [Field]? {
        var rest = bytes
        var fields: [Field] = []
        while !rest.isEmpty {
            guard let tag = takeVarint(&rest), tag >> 3 >= 1, tag >> 3 < 1 << 29 else { return nil }
            let number = Int(tag >> 3)
            switch tag & 7 {
            case 0:
                guard let value = takeVarint(&rest) else { return nil }
                fields.append(Field(number: number, varint: value))
            case 1, 5:
                let width = tag & 7 == 1 ? 8 : 4
                guard rest.count >= width else { return nil }
                rest = rest.dropFirst(width)
            case 2:
                guard let length = takeVarint(&rest), length <= UInt64(rest.count) else {
                    return nil
                }
                fields.append(Field(number: number, bytes: rest.prefix(Int(length))))
                rest = rest.dropFirst(Int(length))
            default:
                return nil
            }
        }
        return fields
    }

    private static func takeVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            if shift == 63 && byte > 1 { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
