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

    /// Bytes of the encoded form, and a little more.
    var encodedSize: Int {
        arguments.reduce(16) { $0 + $1.count + 16 }
    }

    /// Appends the command as an array of bulk strings, which no content can break out of
    /// [RESP protocol specification, "Sending commands to a Redis server"].
    func encode(into buffer: inout ByteBuffer) {
        buffer.writeString("*\(arguments.count)\r\n")
        for argument in arguments {
            buffer.writeString("$\(argument.count)\r\n")
            buffer.writeBytes(argument)
            buffer.writeString("\r\n")
        }
    }
}
