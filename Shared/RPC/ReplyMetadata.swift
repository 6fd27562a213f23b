internal import Synchronization

/// Metadata around the messages of a reply.
public struct ReplyMetadata: Sendable, Hashable {
    /// What comes before the first message.
    public var headers: Metadata
    /// What comes behind the last one, with the status.
    public var trailers: Metadata

    public init(headers: Metadata = Metadata(), trailers: Metadata = Metadata()) {
        self.headers = headers
        self.trailers = trailers
    }
}

/// Where a caller finds the metadata of a reply: in the value that its `CallOptions` carried.
///
/// The headers are here when the first message of the reply is, the trailers when the call has ended,
/// in order or with an error. Of several attempts, the last one counts.
public final class ReceivedMetadata: Sendable {
    private let state = Mutex(ReplyMetadata())
    private let isReplyPacked = Atomic(false)

    public init() {}

    /// Whether the message of a unary call's reply came compressed.
    package var wasReplyCompressed: Bool { isReplyPacked.load(ordering: .relaxed) }

    public var headers: Metadata { state.withLock(\.headers) }
    public var trailers: Metadata { state.withLock(\.trailers) }

    /// Fields as they came; the protocol's own ones are left out.
    package func set(headers: Metadata) {
        state.withLock { $0 = ReplyMetadata(headers: headers.withoutProtocolFields) }
    }

    package func set(trailers: Metadata) {
        state.withLock { $0.trailers = trailers.withoutProtocolFields }
    }

    /// A whole reply; without trailers its one header block is what ends it.
    package func set(_ reply: RawReply) {
        isReplyPacked.store(reply.body.first == 1, ordering: .relaxed)
        if let trailers = reply.trailers {
            set(headers: reply.headers)
            set(trailers: trailers)
        } else {
            set(headers: Metadata())
            set(trailers: reply.headers)
        }
    }
}

extension Metadata {
    /// The fields that belong to the application, without binary values that are not base64.
    package var withoutProtocolFields: Metadata {
        filter { field in
            !hasPrefix(field, ":") && !hasPrefix(field, "grpc-")
                && !matches(field, "content-type") && !matches(field, "te")
        }
        .withoutUndecodableValues
    }

    /// Those fields that a handler may send: neither the protocol's own, nor with a name that the
    /// peer would have to refuse (`[0-9a-z_.-]+`).
    var sendable: Metadata {
        let own = withoutProtocolFields
        return own.filter { field in
            !field.name.isEmpty && own.arena[field.name].allSatisfy(Self.isNameByte)
        }
    }
}

extension ServerContext {
    /// Adds metadata that goes to the caller before the first message of the reply: what is added later
    /// than a stream's first message is not sent. The protocol's own fields are left out, and names that
    /// are not `[0-9a-z_.-]+`.
    public func addReplyHeaders(_ headers: Metadata) { exchange.add(headers: headers.sendable) }

    /// Adds metadata that goes to the caller with the status, whatever it is; the same rules hold.
    public func addReplyTrailers(_ trailers: Metadata) {
        exchange.add(trailers: trailers.sendable)
    }
}

extension ServerContext {
    /// Sends the one reply as it is, also where the method's replies are compressed.
    public func leaveReplyUncompressed() { exchange.leaveReplyPlain() }

    /// Whether the one message of the request came compressed.
    package var wasRequestCompressed: Bool { exchange.wasRequestPacked }
}

extension RawReply {
    /// The reply with a handler's metadata around it.
    func adding(_ metadata: ReplyMetadata, isGRPC: Bool) -> RawReply {
        var reply = self
        guard isGRPC else {
            reply.headers.append(contentsOf: metadata.headers)
            for field in metadata.trailers.fields {
                let name = Array("trailer-".utf8) + metadata.trailers.arena[field.name]
                reply.headers.append(name: name, value: metadata.trailers.arena[field.value])
            }
            return reply
        }
        if reply.trailers == nil, !metadata.headers.isEmpty {
            // Not Trailers-Only any more: the status moves behind the headers.
            let status = reply.headers.filter { reply.headers.hasPrefix($0, "grpc-") }
            reply.headers = reply.headers.filter { !reply.headers.hasPrefix($0, "grpc-") }
            reply.trailers = status
        }
        reply.headers.append(contentsOf: metadata.headers)
        if reply.trailers == nil {
            reply.headers.append(contentsOf: metadata.trailers)
        } else {
            reply.trailers?.append(contentsOf: metadata.trailers)
        }
        return reply
    }
}
