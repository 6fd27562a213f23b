/// Serves typed services on the three faces: `application/grpc`, `application/grpc+assay` and
/// JSON.
public final class ServiceRouter: RequestHandler {
    private let table: PathTable
    private let entries: [MethodRegistry.Entry]
    private let authorizer: any Authorizer
    /// Methods that exist and that this server does not offer.
    private let absent: Set<String>
    /// What came and should not have.
    public let oddities: ProtocolOddities
    /// The routes whose replies are compressed for callers that read it.
    private let compressed: Set<Int>

    /// - Parameters:
    ///   - interceptors: around every handler, joined with `then`: the first one is the outermost.
    ///   - compressing: methods whose replies are compressed with gzip for callers that read it; those
    ///     whose messages may hold credentials never are.
    ///   - known: methods that exist somewhere: those that this server does not offer are told from
    ///     paths that name nothing.
    public init(
        _ services: [any RPCService], authorizer: any Authorizer = ScopeAuthorizer(),
        interceptors: (any ServerInterceptor)? = nil,
        compressing: [MethodDescriptor] = [], known: [MethodDescriptor] = [],
        oddities: ProtocolOddities = ProtocolOddities()
    ) {
        var registry = MethodRegistry(interceptor: interceptors)
        for service in services { service.register(in: &registry) }
        entries = registry.entries
        table = PathTable(entries.map(\.method.path))
        let paths = Set(compressing.filter { !$0.carriesCredentials }.map(\.path))
        compressed = Set(
            entries.indices.filter { paths.contains(registry.entries[$0].method.path) })
        absent = Set(known.map(\.path)).subtracting(entries.map(\.method.path))
        self.authorizer = authorizer
        self.oddities = oddities
    }

    public var methods: [MethodDescriptor] { entries.map(\.method) }

    public func admit(_ head: RequestHead, from peer: Peer) -> Admission {
        if head.hasUnusualFields { oddities.count(in: head.fields) }
        if head.contentType.isGRPC {
            guard head.method == .post else { return .refuse(.methodNotAllowed) }
            if !head.acceptsTrailers { oddities.countMissingTE(from: peer) }
            return admitGRPC(head, from: peer)
        }
        if head.method == .get { return admitGet(head, from: peer) }
        guard head.method == .post else { return .refuse(.methodNotAllowed) }
        guard head.contentType == .json else {
            return .refuse(RawReply(unsupported: head.contentType))
        }
        return admitJSON(head, from: peer)
    }

    private func admitGRPC(_ head: RequestHead, from peer: Peer) -> Admission {
        guard let route = head.withBytes(head.pathField, table.index(of:)) else {
            return refuse(head, nil, .unknownMethod(head), from: peer)
        }
        let method = entries[route].method
        guard let encoding = head.messageEncoding else {
            return refuseEncoding(head, method, from: peer)
        }
        var timeout = method.serverDeadline
        if !head.timeoutField.isAbsent {
            guard let asked = head.withBytes(head.timeoutField, TimeoutHeader.parse) else {
                return refuse(
                    head, method, RPCError(.internal, "grpc-timeout cannot be read"), from: peer)
            }
            timeout = min(method.longestDeadline, asked)
        }
        return admit(
            head, route, timeout: timeout, isFramed: true, encoding: encoding, from: peer)
    }

    private func admitJSON(_ head: RequestHead, from peer: Peer) -> Admission {
        guard let route = head.withBytes(head.pathField, table.index(of:)) else {
            return refuseUnknown(head)
        }
        return admitJSON(head, route, from: peer)
    }

    /// A path that names no method here: HTTP 404, or 501 if there is such a method elsewhere.
    private func refuseUnknown(_ head: RequestHead) -> Admission {
        let status = absent.contains(head.path) ? 501 : 404
        return .refuse(
            RawReply(json: .unknownMethod(head), status: status), .unknownMethod(head))
    }

    private func admitGet(_ head: RequestHead, from peer: Peer) -> Admission {
        let path = Array(head.path.utf8)
        guard let route = path.withUnsafeBytes(table.index(of:)) else {
            return refuseUnknown(head)
        }
        guard entries[route].method.idempotency == .readonly else {
            return .refuse(.methodNotAllowed)
        }
        return admitJSON(head, route, from: peer)
    }

    private func admitJSON(_ head: RequestHead, _ route: Int, from peer: Peer) -> Admission {
        if entries[route].method.kind != .unary {
            return .refuse(RawReply(unsupported: .json), .streamOnJSON)
        }
        var timeout = entries[route].method.serverDeadline
        if !head.jsonTimeoutField.isAbsent {
            guard let asked = head.withBytes(head.jsonTimeoutField, TimeoutHeader.parseMilliseconds)
            else {
                return refuse(
                    head, entries[route].method,
                    RPCError(.invalidArgument, "connect-timeout-ms cannot be read"), from: peer)
            }
            timeout = min(entries[route].method.longestDeadline, asked)
        }
        return admit(head, route, timeout: timeout, isFramed: false, from: peer)
    }

    /// The checks that all faces share.
    private func admit(
        _ head: RequestHead, _ route: Int, timeout: Duration, isFramed: Bool,
        encoding: MessageEncoding = .identity, from peer: Peer
    ) -> Admission {
        let method = entries[route].method
        if head.isOverMetadataLimit {
            return refuse(head, method, .metadataTooLarge, from: peer)
        }
        if timeout <= .zero {
            let error = RPCError(
                .deadlineExceeded, "the deadline had passed on arrival",
                reason: "EXPIRED_ON_ARRIVAL")
            return refuse(head, method, error, from: peer)
        }
        do throws(RPCError) {
            let caller = try authorizer.authorize(method, head, from: peer)
            return .accept(
                Acceptance(
                    maximumBytes: isFramed
                        ? method.maximumRequestBytes : 8 * method.maximumRequestBytes,
                    isFramed: isFramed, deadline: Deadline(head.receivedAt + timeout),
                    kind: method.kind, encoding: encoding,
                    replyEncoding: isFramed ? replyEncoding(route, head) : .identity,
                    isUnlimited: method.isHealthCheck, route: route,
                    state: caller == .anonymous ? nil : CallerBox(caller)))
        } catch {
            return refuse(head, method, error, from: peer)
        }
    }

    private func replyEncoding(_ route: Int, _ head: RequestHead) -> MessageEncoding {
        !compressed.isEmpty && compressed.contains(route) && head.accepts(.gzip)
            ? .gzip : .identity
    }

    private func refuse(
        _ head: RequestHead, _ method: MethodDescriptor?, _ error: RPCError, from peer: Peer
    ) -> Admission {
        .refuse(reply(to: head, for: error), error)
    }

    private func refuseEncoding(
        _ head: RequestHead, _ method: MethodDescriptor, from peer: Peer
    ) -> Admission {
        let error = RPCError(
            .unimplemented, "this grpc-encoding is not supported; \(MessageEncoding.accepted) are")
        var refusal = reply(to: head, for: error)
        refusal.headers.append("grpc-accept-encoding", "\(MessageEncoding.accepted)")
        return .refuse(refusal, error)
    }

    public func reply(to head: RequestHead, for error: RPCError) -> RawReply {
        if !head.contentType.isGRPC {
            if error.reason == "METADATA_TOO_LARGE" { return RawReply(json: error, status: 431) }
            if error.reason == "TOO_SLOW" { return RawReply(json: error, status: 408) }
        }
        return RawReply(error, contentType: head.contentType)
    }
}

extension ServiceRouter {
    public func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
        let entry = entries[request.acceptance.route]
        let exchange = Exchange(
            method: entry.method, deadline: request.deadline, headers: request.head.fields,
            peer: request.peer,
            caller: (request.acceptance.state as? CallerBox)?.caller ?? .anonymous,
            receivedAt: request.head.receivedAt, span: request.span,
            contentType: request.head.contentType.isGRPC ? request.head.contentType : .json,
            replyEncoding: request.acceptance.replyEncoding, outbox: request.stream?.replies,
            clock: request.clock)
        if request.head.method == .get { return handleGet(request.head, entry, exchange) }
        return request.withBody { body in
            guard request.acceptance.isFramed else {
                return entry.start(
                    IncomingCall(exchange: exchange, message: body, stream: nil))
            }
            if request.acceptance.kind.streamsRequests {
                return entry.start(
                    IncomingCall(exchange: exchange, message: body, stream: request.stream))
            }
            let limit = request.acceptance.maximumBytes
            do throws(FramingFault) {
                let range = try MessageDeframer.unary(
                    body, limit: limit, request.acceptance.encoding)
                let message = UnsafeRawBufferPointer(rebasing: body[range])
                if body[0] == 0 {
                    return entry.start(
                        IncomingCall(exchange: exchange, message: message, stream: request.stream))
                }
                exchange.wasRequestPacked = true
                return try Gzip.inflate(message, limit: limit).withUnsafeBytes { inflated in
                    entry.start(
                        IncomingCall(
                            exchange: exchange,
                            message: UnsafeRawBufferPointer(
                                rebasing: inflated[MessagePrefix.count...]),
                            stream: request.stream))
                }
            } catch {
                return .reply(exchange.failure(error.error(limit: limit)))
            }
        }
    }

    /// A GET carries its message in the query.
    private func handleGet(
        _ head: RequestHead, _ entry: MethodRegistry.Entry, _ exchange: Exchange
    ) -> RequestOutcome {
        let target = head.target.utf8
        let query = UnaryJSON.Query(Array(target.drop { $0 != UInt8(ascii: "?") }.dropFirst()))
        if !query.isJSON, query.encoding != nil {
            return .reply(.raw(RawReply(unsupported: .other)))
        }
        guard query.isWellFormed, query.isJSON, let message = query.message else {
            let error = RPCError(
                .invalidArgument, "a GET needs ?encoding=json&message=…, percent-encoded")
            return .reply(exchange.failure(error))
        }
        return message.withUnsafeBytes {
            entry.start(IncomingCall(exchange: exchange, message: $0, stream: nil))
        }
    }
}

/// Carries the caller from the headers to the handler.
private final class CallerBox: Sendable {
    let caller: Caller
    init(_ caller: Caller) { self.caller = caller }
}

extension RPCError {
    fileprivate static func unknownMethod(_ head: RequestHead) -> RPCError {
        RPCError(.unimplemented, "there is no method \(head.path.prefix(200))")
    }

    fileprivate static let streamOnJSON = RPCError(
        .unimplemented, "a streaming method has no JSON face")

    package static let metadataTooLarge = RPCError(
        .resourceExhausted, "the metadata is larger than this server reads",
        reason: "METADATA_TOO_LARGE")
}
