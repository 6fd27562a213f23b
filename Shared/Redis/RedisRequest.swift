internal import NIOCore

/// One command in the form in which it is sent, written argument by argument: for calls that are too
/// many to make an array of each argument.
public struct RedisRequest: Sendable {
    private(set) var buffer: ByteBuffer
    /// Arguments that were announced and have not come.
    private(set) var missing: Int

    /// - Parameter arguments: how many will be appended, the command's name among them.
    public init(arguments: Int) {
        precondition(arguments > 0, "a command has a name")
        buffer = ByteBufferAllocator().buffer(capacity: 256)
        missing = arguments
        buffer.writeLength(arguments, after: UInt8(ascii: "*"))
    }

    public mutating func append(_ argument: [UInt8]) {
        precondition(missing > 0, "no more arguments than were announced")
        missing -= 1
        buffer.writeLength(argument.count, after: UInt8(ascii: "$"))
        buffer.writeBytes(argument)
        buffer.writeInteger(UInt16(0x0D0A))
    }

    /// A number as decimal text.
    public mutating func append(_ number: Int64) {
        var text: [UInt8] = []
        text.reserveCapacity(20)
        text += String(number).utf8
        append(text)
    }
}
