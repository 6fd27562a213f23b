internal import RPC

/// The gateway says itself what can be called: to everyone, as often as an address may call.
extension GatewayHandler {
    static func isDescription(_ head: RequestHead) -> Bool {
        head.withBytes(head.pathField) { path in
            path.count == OpenAPIDocument.path.utf8.count
                && path.elementsEqual(OpenAPIDocument.path.utf8)
        }
    }

    func describe(_ head: RequestHead, from peer: Peer) -> Admission {
        let snapshot = serving.current.snapshot
        var pipeline = RequestPipeline(snapshot: snapshot, limits: limits)
        let reply = pipeline.described(head, from: peer, surroundings()) { listener in
            documents.document(snapshot, listener: listener)
        }
        note(pipeline.log)
        return answer(reply, to: head)
    }
}

extension RequestPipeline {
    /// Runs the stages that hold for everyone.
    mutating func described(
        _ head: RequestHead, from peer: Peer, _ surroundings: Surroundings,
        _ document: (_ listener: Int) -> OpenAPIDocument
    ) -> RawReply {
        begin(head, from: peer, surroundings)
        log.method = OpenAPIDocument.path
        do throws(Rejection) {
            guard isGet else {
                var rejection = Rejection(.face, .unimplemented, "CONTENT_TYPE", "GET is expected")
                rejection.reply = RawReply(status: 405, headers: ["allow": "GET"])
                throw rejection
            }
            try checkHeaders(head, from: peer)
            nameRequest(head, surroundings)
            try Self.checkAddress(
                head, from: peer, snapshot.addressLimits, limits.addresses, isCounted: true,
                credential: nil, surroundings)
        } catch {
            return reject(error, head, surroundings)
        }
        let known = document(snapshot.listeners.indices.contains(listener) ? listener : 0)
        let isKnown = known.isAmong(head.fields.values("if-none-match"))
        var reply = RawReply(status: isKnown ? 304 : 200, headers: Metadata())
        if !isKnown {
            reply.headers.append("content-type", "application/json")
            reply.body = known.body
        }
        reply.headers.append("etag", known.entityTag)
        // To be asked for again each time, and sent again only if it is another one.
        reply.headers.append("cache-control", "no-cache")
        reply.headers.append(name: AssayHeader.requestID.utf8, value: log.requestID.utf8)
        decorate(&reply.headers)
        state = .ended
        log.http = reply.status
        log.bytesOut = reply.body.count
        log.ended = surroundings.clock()
        return reply
    }
}
