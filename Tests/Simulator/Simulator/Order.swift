package import AssayMessages

package typealias Payload = BenchV1.EchoMessage

/// What a simulated request asks for; its bytes are the request's message, filled up to its size.
package struct Order: Sendable, Hashable {
    /// The call that it belongs to.
    package var call: UInt32 = 0
    /// The message's place in its stream.
    package var index: UInt32 = 0
    /// What the handler waits before each reply, in microseconds.
    package var pause: UInt32 = 0
    package var replyBytes: UInt32 = 0
    package var replies: UInt32 = 1
    /// A status code to end with; 0 means success.
    package var status: UInt32 = 0

    /// The fields, and their sum: what was changed on the way must not have a handler wait for an hour
    /// or reply with gigabytes.
    static let count = 28

    private var fields: [UInt32] { [call, index, pause, replyBytes, replies, status] }
    private var sum: UInt32 { fields.reduce(0x811C_9DC5) { ($0 ^ $1) &* 0x0100_0193 } }

    /// The message, with as many more bytes.
    func message(_ filling: Int = 0) -> Payload {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.count + filling)
        for field in fields + [sum] { withUnsafeBytes(of: field.littleEndian) { bytes += $0 } }
        bytes += Self.pattern(call, index, count: filling)
        return Payload(payload: bytes)
    }

    /// Nil if the message is not one that `message` made.
    init?(_ message: Payload) {
        let bytes = message.payload
        guard bytes.count >= Self.count else { return nil }
        let fields = bytes.prefix(Self.count).withUnsafeBytes { head in
            (0..<7).map {
                UInt32(littleEndian: head.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
            }
        }
        (call, index, pause) = (fields[0], fields[1], fields[2])
        (replyBytes, replies, status) = (fields[3], fields[4], fields[5])
        let filling = bytes.count - Self.count
        guard sum == fields[6],
            Array(bytes[Self.count...]) == Self.pattern(call, index, count: filling)
        else {
            return nil
        }
    }

    init() {}

    /// Where a message is not what its beginning says, for a person.
    static func difference(of message: Payload) -> String {
        let bytes = message.payload
        guard bytes.count >= count else { return "\(bytes.count) bytes" }
        let whole =
            bytes.prefix(count)
            + pattern(
                UInt32(bytes[0]) | UInt32(bytes[1]) << 8, UInt32(bytes[4]),
                count: bytes.count - count)
        let places = bytes.indices.filter { bytes[$0] != whole[$0] }
        return "\(places.count) of \(bytes.count) bytes differ, from \(places.first ?? -1) on"
    }

    /// Bytes that belong to this message and no other.
    static func pattern(_ call: UInt32, _ index: UInt32, count: Int) -> [UInt8] {
        let start = call &* 31 &+ index &* 7
        return (0..<count).map { UInt8(truncatingIfNeeded: start &+ UInt32($0) &* 5) }
    }

    /// The reply with this index.
    func reply(_ index: UInt32) -> Payload {
        var reply = Order()
        (reply.call, reply.index) = (call, index)
        return reply.message(Int(replyBytes))
    }
}
