/// Why a command has no reply.
public struct RedisError: Error, Sendable {
    public enum Code: String, Sendable, Hashable {
        /// No connection could be made; nothing was sent.
        case connect
        /// The server refused the password, the database or a script.
        case authentication
        /// The reply did not come in time. The command may have had its effect.
        case timeout
        /// The connection ended before the reply came. The command may have had its effect.
        case connectionLost
        /// The connection was closed before the command was sent.
        case closed
        /// As many commands as allowed wait already; this one was not sent.
        case tooManyInFlight
        /// The command is larger than allowed; it was not sent.
        case commandTooLarge
        /// The server sent what is not RESP, or more than allowed; the connection is closed.
        case protocolViolation
    }

    public let code: Code
    public let message: String
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Whether the server does not accept who we are: trying again with the same words is of no use.
    public var isRefusal: Bool {
        guard code == .authentication, let cause = cause as? RedisServerError else { return false }
        return ["WRONGPASS", "NOAUTH", "NOPERM"].contains(cause.code)
            || cause.description.hasPrefix("ERR AUTH")
    }

    /// Whether the command may have reached the server.
    public var mayHaveHadEffect: Bool {
        switch code {
        case .timeout, .connectionLost, .protocolViolation: true
        case .connect, .authentication, .closed, .tooManyInFlight, .commandTooLarge: false
        }
    }
}

extension RedisError: CustomStringConvertible {
    public var description: String {
        "redis \(code.rawValue): \(message)" + (cause.map { " (\($0))" } ?? "")
    }
}
