internal import NIOCore

/// One command: its name and arguments, each any bytes.
public struct RedisCommand: Sendable, Hashable {
    public let arguments: [[UInt8]]

    public init(_ arguments: [[UInt8]]) {
        precondition(!arguments.isEmpty, "a command has a name")
        self.arguments = arguments
    }

    public init(_ name: String, _ arguments: String...) {
        self.init(([name] + arguments).map { Array($0.utf8) })
    }

    /// A command on one key: most have it as their first argument.
    public init(_ name: String, key: [UInt8], _ arguments: [UInt8]...) {
        self.init([Array(name.utf8), key] + arguments)
    }

    /// Bytes of the encoded form, and a little more.
    var encodedSize: Int {
        arguments.reduce(16) { $0 + $1.count + 16 }
    }

    /// Appends the command as an array of bulk strings, which no content can break out of
    /// [RESP protocol specification, "Sending commands to a Redis server"].
    func encode(into buffer: inout ByteBuffer) {
        buffer.writeLength(arguments.count, after: UInt8(ascii: "*"))
        for argument in arguments {
            buffer.writeLength(argument.count, after: UInt8(ascii: "$"))
            buffer.writeBytes(argument)
            buffer.writeInteger(UInt16(0x0D0A))
        }
    }
}

extension ByteBuffer {
    /// The kind of what follows, its decimal length and the end of the line.
    mutating func writeLength(_ length: Int, after kind: UInt8) {
        writeInteger(kind)
        var divisor = 1
        while length / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            writeInteger(UInt8(ascii: "0") + UInt8(length / divisor % 10))
            divisor /= 10
        }
        writeInteger(UInt16(0x0D0A))
    }
}
