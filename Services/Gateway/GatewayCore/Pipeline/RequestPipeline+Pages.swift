internal import RPC

/// Requests of browsers: pages of other origins, and queries in place of bodies.
extension RequestPipeline {
    /// Notes which page asks; answers it at once if all it asks is what it may do (a preflight). That
    /// needs no identity, and counts to the address.
    mutating func answer(
        pageOf head: RequestHead, _ policy: CrossOriginPolicy, from peer: Peer,
        _ surroundings: Surroundings
    ) throws(Rejection) -> RawReply? {
        let origins = head.fields.values("origin")
        guard origins.count == 1 else { return nil }
        page = origins[0]
        guard head.method == .other, head.fields[":method"] == "OPTIONS",
            head.fields.firstField("access-control-request-method") != nil
        else { return nil }
        try checkHeaders(head, from: peer)
        nameRequest(head, surroundings)
        try Self.checkAddress(
            head, from: peer, snapshot.addressLimits, limits.addresses, isCounted: true,
            credential: nil, surroundings)
        guard policy.allows(origins[0]) else {
            throw Rejection(
                .face, .permissionDenied, "ORIGIN", "pages of this origin may not call",
                httpStatus: 403)
        }
        state = .ended
        var reply = policy.preflight(origins[0])
        reply.headers.append(name: AssayHeader.requestID.utf8, value: log.requestID.utf8)
        log.stage = .face
        log.reason = "PREFLIGHT"
        log.http = reply.status
        log.ended = surroundings.now
        return reply
    }

    /// The message of a GET stands in its query, and is bounded like a body.
    func checkQuery(_ head: RequestHead, limit: Int) throws(Rejection) {
        let count = head.withBytes(head.pathField) { QueryMessage.byteCount(in: $0) }
        if count > limit {
            throw Rejection(
                .body, .resourceExhausted, "MESSAGE_TOO_LARGE",
                "the message in the query has more than \(limit) bytes", httpStatus: 413)
        }
    }
}

/// The message in the query of a Connect GET: `?encoding=json&message=…&base64=1`.
enum QueryMessage {
    /// How many bytes it has when it is decoded; 0 if there is none.
    static func byteCount(in target: UnsafeRawBufferPointer) -> Int {
        guard let start = target.firstIndex(of: UInt8(ascii: "?")) else { return 0 }
        var count = 0
        var isBase64 = false
        for pair in target[(start + 1)...].split(separator: UInt8(ascii: "&")) {
            if pair.starts(with: "message=".utf8) {
                count += decodedCount(pair.dropFirst(8))
            } else if pair.elementsEqual("base64=1".utf8) {
                isBase64 = true
            }
        }
        return isBase64 ? count / 4 * 3 + (count % 4 * 3) / 4 : count
    }

    private static func decodedCount(_ value: Slice<UnsafeRawBufferPointer>) -> Int {
        // Three bytes stand for one where the first of them is a percent sign.
        value.count - 2 * value.count { $0 == UInt8(ascii: "%") }
    }
}
