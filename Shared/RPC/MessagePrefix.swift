/// The five bytes in front of every message of the gRPC face: a flag and a big-endian length.
public enum MessagePrefix {
    public static let count = 5

    /// Writes the prefix into the first five bytes of `framed`.
    public static func write(into framed: inout [UInt8]) {
        precondition(framed.count >= count, "a framed message has room for its prefix")
        let length = UInt32(framed.count - count)
        framed[0] = 0
        framed[1] = UInt8(truncatingIfNeeded: length >> 24)
        framed[2] = UInt8(truncatingIfNeeded: length >> 16)
        framed[3] = UInt8(truncatingIfNeeded: length >> 8)
        framed[4] = UInt8(truncatingIfNeeded: length)
    }

    /// Flag and length of a prefix; nil if there are fewer than five bytes.
    package static func read(_ bytes: UnsafeRawBufferPointer) -> (flag: UInt8, length: Int)? {
        guard bytes.count >= count else { return nil }
        let length =
            Int(bytes[1]) << 24 | Int(bytes[2]) << 16 | Int(bytes[3]) << 8 | Int(bytes[4])
        return (bytes[0], length)
    }
}

/// What is wrong with the framing of a message that should be the only one of its stream.
package enum FramingFault: Error, Hashable {
    case badFlag(UInt8)
    case compressedWithoutEncoding
    case tooLarge(Int)
    case truncated
    case noMessage
    case severalMessages

    /// The error of a request with this fault.
    package func error(limit: Int) -> RPCError {
        switch self {
        case .badFlag(let flag):
            RPCError(.internal, "the message prefix has the flag \(flag); 0 or 1 are allowed")
        case .compressedWithoutEncoding:
            RPCError(.internal, "a message is marked as compressed, but no grpc-encoding was sent")
        case .tooLarge(let length):
            RPCError(
                .resourceExhausted, "a message of \(length) bytes; at most \(limit) are allowed",
                reason: "MESSAGE_TOO_LARGE")
        case .truncated:
            RPCError(.internal, "the stream ended inside a message")
        case .noMessage:
            RPCError(.unimplemented, "a unary call has exactly one message; none came")
        case .severalMessages:
            RPCError(.unimplemented, "a unary call has exactly one message; more came")
        }
    }
}

/// Takes single messages out of a stream of DATA, however it was cut.
package enum MessageDeframer {
    /// The message of a whole unary body, as a range behind the prefix.
    package static func unary(
        _ body: UnsafeRawBufferPointer, limit: Int
    ) throws(FramingFault) -> Range<Int> {
        guard let prefix = MessagePrefix.read(body) else {
            if body.isEmpty { throw .noMessage }
            try check(partialPrefix: body)
            throw .truncated
        }
        try check(flag: prefix.flag)
        if prefix.length > limit { throw .tooLarge(prefix.length) }
        let end = MessagePrefix.count + prefix.length
        if body.count < end { throw .truncated }
        if body.count > end { throw .severalMessages }
        return MessagePrefix.count..<end
    }

    /// What is wrong already before the body is complete: the flag shows in its first byte, the
    /// length in its fifth.
    package static func faultAtBeginning(
        of body: UnsafeRawBufferPointer, limit: Int
    ) -> FramingFault? {
        do throws(FramingFault) {
            guard let prefix = MessagePrefix.read(body) else {
                try check(partialPrefix: body)
                return nil
            }
            try check(flag: prefix.flag)
            if prefix.length > limit { throw .tooLarge(prefix.length) }
            if body.count > MessagePrefix.count + prefix.length { throw .severalMessages }
            return nil
        } catch {
            return error
        }
    }

    /// What is wrong with a whole unary body.
    package static func fault(inUnary body: [UInt8], limit: Int) -> FramingFault? {
        body.withUnsafeBytes { bytes in
            do throws(FramingFault) {
                _ = try unary(bytes, limit: limit)
                return nil
            } catch {
                return error
            }
        }
    }

    private static func check(partialPrefix: UnsafeRawBufferPointer) throws(FramingFault) {
        if let flag = partialPrefix.first { try check(flag: flag) }
    }

    static func check(flag: UInt8) throws(FramingFault) {
        if flag == 1 { throw .compressedWithoutEncoding }
        if flag != 0 { throw .badFlag(flag) }
    }
}
