/// A reply of the server (RESP2).
public enum RedisValue: Sendable, Hashable {
    /// A bulk string: any bytes.
    case bytes([UInt8])
    /// A status line such as `OK`.
    case status(String)
    case integer(Int64)
    /// The server refused or failed this command; the connection is fine.
    case error(RedisServerError)
    case array([RedisValue])
    case null

    /// The text of a bulk string or status, if it is UTF-8.
    public var text: String? {
        switch self {
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    public var integer: Int64? {
        if case .integer(let value) = self { return value }
        return nil
    }

    public var elements: [RedisValue]? {
        if case .array(let values) = self { return values }
        return nil
    }

    public var error: RedisServerError? {
        if case .error(let error) = self { return error }
        return nil
    }
}

/// An error line of the server: `NOSCRIPT No matching script. Please use EVAL.`
public struct RedisServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The first word: `ERR`, `NOSCRIPT`, `MOVED`, `LOADING`, ...
    public let code: String
    /// The whole line.
    public let description: String

    public init(_ line: String) {
        description = line
        code = String(line.prefix { $0 != " " })
    }
}
