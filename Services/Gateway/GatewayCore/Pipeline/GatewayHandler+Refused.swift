public import RPC

/// Requests that their connection ends before they are forwarded: too late, too large, too much.
extension GatewayHandler {
    public func reply(
        to head: RequestHead, for error: RPCError, from peer: Peer
    ) -> RawReply {
        var pipeline = RequestPipeline(snapshot: serving.current.snapshot, limits: limits)
        let reply = pipeline.refused(head, for: error, from: peer, surroundings())
        note(pipeline.log)
        return reply
    }

    public func reply(to head: RequestHead, for error: RPCError) -> RawReply {
        reply(to: head, for: error, from: Peer(address: ""))
    }
}

extension RequestPipeline {
    /// The connection says no to a request of which only the headers are looked at, for the log.
    mutating func refused(
        _ head: RequestHead, for error: RPCError, from peer: Peer, _ surroundings: Surroundings
    ) -> RawReply {
        begin(head, from: peer, surroundings)
        findings = HeaderPolicy.inspect(head, authorities: [])
        nameRequest(head, surroundings)
        try? findRoute(head)
        var rejection = Rejection(.body, error)
        if error.reason == "MESSAGE_TOO_LARGE" { rejection.httpStatus = 413 }
        return reject(rejection, head, surroundings)
    }
}
