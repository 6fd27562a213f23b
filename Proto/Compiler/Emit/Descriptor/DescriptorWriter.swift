/// Writes a message of `descriptor.proto`, record after record: protobuf's encoding as far as
/// descriptors need it. Callers write fields in ascending order, as `protoc` does.
struct DescriptorWriter {
    private(set) var bytes: [UInt8] = []

    mutating func text(_ number: Int, _ value: String) {
        record(number, Array(value.utf8))
    }

    mutating func number(_ number: Int, _ value: Int) {
        varint(number << 3)
        varint(value)
    }

    mutating func flag(_ number: Int) { self.number(number, 1) }

    mutating func message(_ number: Int, _ body: (inout DescriptorWriter) -> Void) {
        var inner = DescriptorWriter()
        body(&inner)
        record(number, inner.bytes)
    }

    mutating func record(_ number: Int, _ payload: [UInt8]) {
        varint(number << 3 | 2)
        varint(payload.count)
        bytes += payload
    }

    private mutating func varint(_ value: Int) {
        precondition(value >= 0, "descriptors hold no negative numbers")
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
