internal import HTTP2
internal import RPC

/// A call as a client makes it, before a server has accepted it.
struct DirectRequest: Sendable {
    let method: MethodDescriptor
    var metadata: Metadata
    let deadline: Deadline
    /// Where the caller wants the metadata of the reply.
    let received: ReceivedMetadata?

    init(
        _ method: MethodDescriptor, _ metadata: Metadata, _ options: CallOptions, at now: Instant
    ) {
        self.method = method
        self.metadata = metadata
        received = options.received
        let latest = Deadline(now + method.longestDeadline)
        deadline =
            switch options.deadline {
            case nil, .inherited(.none): Deadline(now + method.serverDeadline)
            case .after(let duration): min(latest, Deadline(now + duration))
            case .at(let instant): min(latest, Deadline(instant))
            case .inherited(let parent): min(latest, parent.child(at: now))
            }
    }

    /// What a server reads first.
    func head(at now: Instant, _ limits: HTTP2Profile) -> RequestHead {
        var fields: Metadata = [
            ":method": "POST", ":scheme": "http", ":path": "\(method.path)",
            ":authority": "\(InProcessTransport.address)",
            "content-type": "application/grpc+assay", "te": "trailers",
        ]
        if let left = deadline.remaining(at: now) {
            fields.append(name: "grpc-timeout".utf8, value: TimeoutHeader.format(left))
        }
        fields.append(contentsOf: metadata)
        return RequestHead(
            fields: fields, receivedAt: now,
            isOverMetadataLimit: fields.count > limits.maximumMetadataFields
                || fields.listBytes > limits.maximumMetadataBytes)
    }

    // MARK: The way back

    /// The reply of a handler as it would come over a connection: an error comes without its cause.
    func received(_ outcome: DirectCall.Outcome) throws(RPCError) -> RawReply {
        let reply: RawReply =
            switch try outcome.get() {
            case .raw(let raw), .failed(let raw, _): raw
            case .message(let contentType, let framed):
                RawReply(framed: framed, contentType: contentType)
            case .end(let contentType, let error):
                RawReply(
                    error ?? RPCError(.internal, "the end of a stream for a call without one"),
                    contentType: contentType)
            }
        received?.set(reply)
        if let error = RPCError(trailers: reply.trailers ?? reply.headers) { throw error }
        return reply
    }

    /// A stream of replies has ended.
    func ended(_ trailers: Metadata, _ error: RPCError?) throws(RPCError) {
        received?.set(trailers: trailers)
        if let error, let seen = RPCError(trailers: error.trailers) { throw seen }
    }
}

extension Metadata {
    /// Bytes by HTTP/2's count: 32 for each field, where the arena has 8.
    fileprivate var listBytes: Int { arena.count + 24 * count }
}
