public import Wire

/// What a generated client calls through: exchanges of bytes.
public protocol ClientTransport: Sendable {
    /// Sends one message and waits for the one that answers it.
    ///
    /// `framed` starts with five free bytes, which the transport writes the prefix into; the content
    /// type is `application/grpc+assay`. Throws an `RPCError`, and nothing else, on every failure.
    func unary(
        _ method: MethodDescriptor, framed: [UInt8], options: CallOptions
    ) async throws(RPCError) -> ReplyMessage

    /// Opens a stream, in one direction or both. What happens to it shows when it is read or written.
    func stream(
        _ method: MethodDescriptor, options: CallOptions
    ) throws(RPCError) -> ClientStream
}

extension ClientTransport {
    /// A transport for unary calls only.
    public func stream(
        _ method: MethodDescriptor, options: CallOptions
    ) throws(RPCError) -> ClientStream {
        throw RPCError(.unimplemented, "\(method.path): this transport has no streams")
    }
}

/// A message that came back, still behind its prefix, with the fields around it.
public struct ReplyMessage: Sendable {
    /// The five-byte prefix and the message.
    public var framed: [UInt8]
    public var headers: Metadata
    public var trailers: Metadata
    /// How the peer encodes: a foreign server may have asked for plain protobuf.
    public var contentType: ContentType

    public init(
        framed: [UInt8], headers: Metadata = Metadata(), trailers: Metadata = Metadata(),
        contentType: ContentType = .grpcAssay
    ) {
        self.framed = framed
        self.headers = headers
        self.trailers = trailers
        self.contentType = contentType
    }
}

extension ClientTransport {
    /// A typed unary call: what generated clients use.
    @inlinable
    public func unary<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions()
    ) async throws -> Response {
        let framed = request.encoded(prefix: MessagePrefix.count)
        if framed.count - MessagePrefix.count > method.maximumRequestBytes {
            throw RPCError.requestTooLarge(framed.count - MessagePrefix.count, method)
        }
        let reply = try await unary(method, framed: framed, options: options)
        return try reply.decode(for: method)
    }
}

extension ReplyMessage {
    /// The message, decoded as its content type says; INTERNAL if it cannot be.
    @inlinable
    public func decode<Response: WireMessage>(
        as type: Response.Type = Response.self, for method: MethodDescriptor
    ) throws(RPCError) -> Response {
        let limits = DecodeLimits(bytes: max(framed.count, method.maximumResponseBytes))
        let door: Door = contentType == .grpcAssay ? .strict : .tolerant
        do {
            return try Response(
                decoding: framed.dropFirst(MessagePrefix.count), door: door, limits: limits)
        } catch {
            throw RPCError(
                code: .internal, message: "\(method.path): the reply cannot be decoded: \(error)",
                cause: error)
        }
    }
}

extension RPCError {
    /// A request over its method's limit never leaves the client.
    @usableFromInline
    static func requestTooLarge(_ bytes: Int, _ method: MethodDescriptor) -> RPCError {
        RPCError(
            code: .resourceExhausted,
            message: "\(method.path): a request of \(bytes) bytes; at most "
                + "\(method.maximumRequestBytes) are allowed",
            reason: "MESSAGE_TOO_LARGE")
    }
}
