internal import RPC

/// Reads a whole reply on the gRPC face.
enum UnaryReply {
    static func message(of reply: RawReply, limit: Int) throws(RPCError) -> ReplyMessage {
        let ending = reply.trailers ?? reply.headers
        if let error = RPCError(trailers: ending) { throw error }
        guard ending.firstField("grpc-status") != nil else {
            throw RPCError(
                StatusCode(missingStatusWithHTTP: reply.status),
                "the server answered HTTP \(reply.status) without grpc-status")
        }
        let contentType = ContentType(reply.headers["content-type"] ?? "")
        guard contentType.isGRPC else {
            throw RPCError(.unknown, "the reply's content type is not gRPC's")
        }
        let framed: [UInt8]
        do throws(FramingFault) {
            framed = try MessageDeframer.message(
                inUnary: reply.body, limit: limit, reply.headers.messageEncoding ?? .identity)
        } catch {
            throw error.error(limit: limit)
        }
        return ReplyMessage(
            framed: framed, headers: reply.headers, trailers: reply.trailers ?? Metadata(),
            contentType: contentType)
    }
}
