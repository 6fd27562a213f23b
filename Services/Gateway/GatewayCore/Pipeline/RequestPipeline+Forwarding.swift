internal import RPC

/// From the request that goes to the service to the end of its reply.
extension RequestPipeline {
    /// Messages have prefixes: the gRPC face.
    var isFramed: Bool { contentType.isGRPC }

    private var found: Route {
        guard let route else { preconditionFailure("the route stage has passed") }
        return snapshot.routes.routes[route]
    }

    /// What the request's body may be.
    var requestLimits: MessageFraming.Limits {
        let method = found.method
        var limits = MessageFraming.Limits(
            messageBytes: isFramed ? method.maximumRequestBytes : found.maximumJSONBytes,
            messages: method.kind.streamsRequests ? .max : 1)
        if method.kind.streamsRequests { bound(&limits) }
        return limits
    }

    /// What the reply's body may be.
    var replyLimits: MessageFraming.Limits {
        let method = found.method
        let factor = isFramed ? 1 : 4
        let (bytes, overflow) = method.maximumResponseBytes.multipliedReportingOverflow(by: factor)
        var limits = MessageFraming.Limits(
            messageBytes: overflow ? .max : bytes,
            messages: method.kind.streamsReplies ? .max : 1)
        if method.kind.streamsReplies { bound(&limits) }
        return limits
    }

    /// What the configuration says of one stream.
    private func bound(_ limits: inout MessageFraming.Limits) {
        guard let route else { return }
        limits.messages = snapshot.settings[route].maximumMessages ?? .max
        limits.bytes = snapshot.settings[route].maximumBytes ?? .max
    }

    /// The headers of the service's reply as the caller gets them.
    mutating func replied(_ status: Int, _ headers: Metadata) -> Metadata {
        log.http = status
        var passed = HeaderPolicy.replyFields(headers, requestID: log.requestID)
        decorate(&passed)
        return passed
    }

    /// How the service's reply ended. Status and trailers pass unchanged.
    mutating func ended(_ code: StatusCode, http: Int, at now: Instant) {
        guard case .forwarding = state else { preconditionFailure("a reply follows a request") }
        state = .ended
        log.http = http
        log.status = code
        log.ended = now
    }

    /// The call ends because of what came of the request, or did not come in time.
    mutating func stopped(by error: RPCError, at now: Instant) -> RawReply {
        guard case .forwarding = state else { preconditionFailure("a call ends once") }
        state = .ended
        var rejection = Rejection(.body, error)
        switch error.reason {
        case "MESSAGE_TOO_LARGE": rejection.httpStatus = 413
        case "TOO_SLOW": rejection.httpStatus = 408
        default: break
        }
        var reply = rejection.rendered(isGet ? .json : contentType)
        reply.headers.append(name: AssayHeader.requestID.utf8, value: log.requestID.utf8)
        decorate(&reply.headers)
        log.stage = .body
        log.http = reply.status
        log.status = error.code
        log.reason = error.reason ?? ""
        log.ended = now
        return reply
    }

    /// How much has passed.
    mutating func counted(bytesIn: Int, bytesOut: Int) {
        log.bytesIn = bytesIn
        log.bytesOut = bytesOut
    }

    /// What a reply's last fields, or its HTTP status, say.
    static func status(http: Int, ending: Metadata?, isFramed: Bool) -> StatusCode {
        guard isFramed else {
            return http == 200 ? .ok : StatusCode(missingStatusWithHTTP: http)
        }
        guard let ending, let field = ending.firstField("grpc-status") else {
            return http == 200 ? .unknown : StatusCode(missingStatusWithHTTP: http)
        }
        return StatusCode(header: ending.arena[field.value]) ?? .unknown
    }
}
