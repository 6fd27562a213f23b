/// Which encodings a decoder accepts.
public enum Door: Sendable {
    /// The canonical encoding and nothing else.
    case strict
    /// Any protobuf encoding of the message.
    case tolerant
}

/// What decoding one message may cost.
public struct DecodeLimits: Sendable, Hashable {
    /// The most bytes of input.
    public var bytes: Int
    /// The most bytes that decoding may allocate.
    public var heap: Int
    /// The most bytes of unknown records, in the whole message.
    public var unknownBytes: Int
    /// The deepest nesting; never more than the depth of the type.
    public var depth: Int

    /// `heap` defaults to 1 MiB + 16 · `bytes`.
    public init(
        bytes: Int = 4 << 20, heap: Int? = nil, unknownBytes: Int = 16 << 10, depth: Int = 64
    ) {
        self.bytes = bytes
        self.heap = heap ?? (bytes > (Int.max >> 8) ? Int.max : (1 << 20) + 16 * bytes)
        self.unknownBytes = unknownBytes
        self.depth = depth
    }
}
