/// The five bytes in front of every message of the gRPC face: a flag and a big-endian length.
public enum MessagePrefix {
    public static let count = 5

    /// Writes the prefix into the first five bytes of `framed`.
    ///
    /// - Parameter isPacked: whether the message is packed as `grpc-encoding` says.
    public static func write(into framed: inout [UInt8], isPacked: Bool = false) {
        precondition(framed.count >= count, "a framed message has room for its prefix")
        let length = UInt32(framed.count - count)
        framed[0] = isPacked ? 1 : 0
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

/// What is wrong with the framing of a message, or with how it is packed.
package enum FramingFault: Error, Hashable {
    case badFlag(UInt8)
    case compressedWithoutEncoding
    case tooLarge(Int)
    case truncated
    case noMessage
    case severalMessages
    /// It inflates to more than this.
    case inflatedTooLarge(Int)
    case notGzip(String)
    case outOfMemory

    /// The reason of a prefix that gRPC does not have.
    package static let badPrefix = "BAD_PREFIX"

    /// The error of a request with this fault.
    package func error(limit: Int) -> RPCError {
        switch self {
        case .badFlag(let flag):
            RPCError(
                .internal, "the message prefix has the flag \(flag); 0 or 1 are allowed",
                reason: Self.badPrefix)
        case .compressedWithoutEncoding:
            RPCError(
                .internal,
                "a message is marked as packed, but grpc-encoding names no way that is known",
                reason: Self.badPrefix)
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
        case .inflatedTooLarge(let allowance):
            RPCError(
                .resourceExhausted,
                "a packed message of more than \(allowance) bytes: that is the "
                    + "most for its packed size and its method", reason: "INFLATED_TOO_LARGE")
        case .notGzip(let what):
            RPCError(.internal, "a message cannot be unpacked with gzip: \(what)")
        case .outOfMemory:
            RPCError(.resourceExhausted, "there is no memory to unpack a message")
        }
    }
}

/// Takes single messages out of a stream of DATA, however it was cut.
package enum MessageDeframer {
    /// The message of a whole unary body, as a range behind the prefix. It is packed if the body's
    /// first byte is 1.
    package static func unary(
        _ body: UnsafeRawBufferPointer, limit: Int, _ encoding: MessageEncoding = .identity
    ) throws(FramingFault) -> Range<Int> {
        guard let prefix = MessagePrefix.read(body) else {
            guard let flag = body.first else { throw .noMessage }
            try check(flag: flag, encoding)
            throw .truncated
        }
        try check(flag: prefix.flag, encoding)
        if prefix.length > limit { throw .tooLarge(prefix.length) }
        let end = MessagePrefix.count + prefix.length
        if body.count < end { throw .truncated }
        if body.count > end { throw .severalMessages }
        return MessagePrefix.count..<end
    }

    /// What is wrong already before the body is complete: the flag shows in its first byte, the
    /// length in its fifth.
    package static func faultAtBeginning(
        of body: UnsafeRawBufferPointer, limit: Int, _ encoding: MessageEncoding = .identity
    ) -> FramingFault? {
        do throws(FramingFault) {
            guard let prefix = MessagePrefix.read(body) else {
                if let flag = body.first { try check(flag: flag, encoding) }
                return nil
            }
            try check(flag: prefix.flag, encoding)
            if prefix.length > limit { throw .tooLarge(prefix.length) }
            if body.count > MessagePrefix.count + prefix.length { throw .severalMessages }
            return nil
        } catch {
            return error
        }
    }

    /// The one message of a whole unary body, behind its prefix; unpacked if it was packed.
    package static func message(
        inUnary body: [UInt8], limit: Int, _ encoding: MessageEncoding = .identity
    ) throws(FramingFault) -> [UInt8] {
        let fault = body.withUnsafeBytes { bytes in
            do throws(FramingFault) {
                _ = try unary(bytes, limit: limit, encoding)
                return FramingFault?.none
            } catch {
                return error
            }
        }
        if let fault { throw fault }
        return try unpacked(body, limit: limit)
    }

    /// A framed message as it was before it was packed.
    static func unpacked(_ framed: [UInt8], limit: Int) throws(FramingFault) -> [UInt8] {
        if framed[0] == 0 { return framed }
        let result = framed.withUnsafeBytes { bytes in
            Result { () throws(FramingFault) in
                let packed = UnsafeRawBufferPointer(rebasing: bytes[MessagePrefix.count...])
                return try Gzip.inflate(packed, limit: limit)
            }
        }
        return try result.get()
    }

    static func check(flag: UInt8, _ encoding: MessageEncoding) throws(FramingFault) {
        if flag == 0 || flag == 1 && encoding != .identity { return }
        throw flag == 1 ? .compressedWithoutEncoding : .badFlag(flag)
    }
}
