public import Wire

/// A request on its way into a handler: the message's bytes are lent for the decoding only.
@usableFromInline
struct IncomingCall: ~Copyable {
    @usableFromInline let exchange: Exchange
    @usableFromInline let message: UnsafeRawBufferPointer
    /// The ends of what the method streams.
    let stream: ServerStream?

    /// The requests of a method that streams them.
    @usableFromInline
    var requests: MessageInbox {
        guard let requests = stream?.requests else {
            preconditionFailure("the transport opens a stream of requests for such a method")
        }
        return requests
    }

    /// Where the replies of a method go that streams them.
    @usableFromInline
    var replies: MessageOutbox {
        guard let replies = stream?.replies else {
            preconditionFailure("the transport opens a stream of replies for such a method")
        }
        return replies
    }

    /// Decodes at the door that the content type names, and validates.
    @inlinable
    borrowing func decode<Request: WireMessage>() throws(RPCError) -> Request {
        if exchange.contentType == .json, let key = exchange.idempotencyKey {
            return try decode(as: Request.self, keyedBy: key)
        }
        return try Request(
            request: message, as: exchange.contentType,
            limit: exchange.method.maximumRequestBytes)
    }
}

extension WireMessage {
    /// Decodes a request at the door that its content type names, and validates it.
    @inlinable
    init(
        request message: UnsafeRawBufferPointer, as contentType: ContentType, limit: Int
    ) throws(RPCError) {
        if contentType == .json {
            do throws(JSONError) {
                self = try Self(jsonBytes: message, limits: JSONLimits(bytes: 8 * limit))
            } catch {
                throw RPCError(undecodable: error)
            }
        } else {
            let door: Door = contentType == .grpcAssay ? .strict : .tolerant
            do throws(WireError) {
                self = try Self(
                    decoding: message, door: door, limits: DecodeLimits(bytes: limit))
            } catch {
                throw RPCError(undecodable: error)
            }
        }
        let violations = violations()
        if !violations.isEmpty { throw RPCError(violated: violations) }
    }
}
