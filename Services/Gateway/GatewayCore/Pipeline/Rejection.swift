internal import RPC

/// A request that goes no further, and how its caller learns of it.
///
/// On the gRPC face this is always a Trailers-Only reply: HTTP 429 or 503 would be read as the
/// retryable UNAVAILABLE, and the limiter would cause load.
struct Rejection: Error {
    let stage: RequestPipeline.Stage
    let error: RPCError
    /// On the JSON face, when it is not the code's own.
    var httpStatus: Int?
    /// For the reply: `www-authenticate`, the rate limit's fields.
    var fields: [(name: String, value: String)] = []
    /// Milliseconds of `grpc-retry-pushback-ms`; -1 tells the client not to try again.
    var pushbackMilliseconds: Int64?
    /// The limit that refused, for the log.
    var rule = ""
    /// Refused for its content type or method: answered by HTTP alone.
    var reply: RawReply?

    init(
        _ stage: RequestPipeline.Stage, _ code: StatusCode, _ reason: String, _ message: String,
        httpStatus: Int? = nil
    ) {
        self.stage = stage
        error = RPCError(code: code, message: message, reason: reason)
        self.httpStatus = httpStatus
    }

    init(_ stage: RequestPipeline.Stage, _ error: RPCError) {
        self.stage = stage
        self.error = error
    }

    static func unauthenticated(_ reason: String, _ message: String) -> Rejection {
        var rejection = Rejection(.authenticate, .unauthenticated, reason, message)
        rejection.fields = [("www-authenticate", "Bearer realm=\"assay\"")]
        return rejection
    }

    /// Of somebody who is not let in.
    init(_ refusal: AuthenticationRefusal) {
        if refusal.isForbidden {
            self.init(.authorize, .permissionDenied, refusal.reason, refusal.message)
        } else {
            self = .unauthenticated(refusal.reason, refusal.message)
        }
    }

    var reason: String { error.reason ?? "" }

    /// The reply in the face of the request.
    func rendered(_ contentType: ContentType) -> RawReply {
        if let reply { return reply }
        guard contentType.isGRPC else {
            var reply = RawReply(json: error, status: httpStatus ?? error.code.httpStatus)
            for (name, value) in fields { reply.headers.append(name, value) }
            return reply
        }
        var reply = RawReply(error, contentType: contentType)
        if let pushbackMilliseconds {
            reply.headers["grpc-retry-pushback-ms"] = String(pushbackMilliseconds)
        }
        for (name, value) in fields where name != "www-authenticate" {
            reply.headers.append(name, value)
        }
        return reply
    }
}
