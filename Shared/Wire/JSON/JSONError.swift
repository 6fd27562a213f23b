/// Why a text is not the JSON form of a message.
public struct JSONError: Error, Hashable {
    public enum Code: Sendable {
        /// Not JSON.
        case syntax
        /// JSON, but not a value of the field's type.
        case value
        /// A key that the message does not have.
        case unknownKey
        /// A key a second time, or a second member of a oneof.
        case duplicate
        /// A required field is absent.
        case missingRequired
        /// Over a limit.
        case limit
    }

    public let code: Code
    /// A JSON pointer to the value (RFC 6901); empty for the whole text.
    public let path: String
    public let message: String
    /// The byte at which it shows.
    public let offset: Int
}

extension JSONError: CustomStringConvertible {
    /// Values of fields with personal data are never part of it.
    public var description: String { "\(path.isEmpty ? "/" : path): \(message)" }
}

/// What reading one JSON text may cost.
public struct JSONLimits: Sendable, Hashable {
    /// The most bytes of text.
    public var bytes: Int
    /// The most bytes that reading may allocate.
    public var heap: Int
    /// The deepest nesting of objects and arrays.
    public var depth: Int

    /// `heap` defaults to 1 MiB + 16 · `bytes`.
    public init(bytes: Int = 32 << 20, heap: Int? = nil, depth: Int = 64) {
        self.bytes = bytes
        self.heap = heap ?? (bytes > (Int.max >> 8) ? Int.max : (1 << 20) + 16 * bytes)
        self.depth = depth
    }
}
