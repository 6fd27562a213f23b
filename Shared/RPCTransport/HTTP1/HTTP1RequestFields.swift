internal import NIOHTTP1
internal import RPC

/// A request of HTTP/1.1 in the fields of HTTP/2 (RFC 9113 §8.2.2 and §8.3).
enum HTTP1RequestFields {
    /// Why a request is not passed on.
    struct Refusal: Error, Hashable {
        let status: Int
        let message: String

        init(_ status: Int, _ message: String) {
            self.status = status
            self.message = message
        }

        /// What the parser says of bytes that are no request.
        init(_ fault: HTTPParserError, _ limits: HTTP1Limits, inTarget: Bool) {
            switch (fault, inTarget) {
            case (.headerOverflow, true): self = .longTarget(limits)
            case (.headerOverflow, false):
                self.init(431, "the request has too many fields, or too long ones")
            default: self.init(400, "no HTTP/1.1")
            }
        }

        static func longTarget(_ limits: HTTP1Limits) -> Refusal {
            Refusal(414, "the request's target is longer than \(limits.targetBytes) bytes")
        }

        var reply: RawReply {
            var reply = RawReply(json: RPCError(code, message), status: status)
            if status == 415 { reply.headers.append("accept-post", "application/json") }
            return reply
        }

        private var code: StatusCode {
            switch status {
            case 408: .deadlineExceeded
            case 414, 431: .resourceExhausted
            case 503: .unavailable
            case 415, 417, 505: .unimplemented
            default: .invalidArgument
            }
        }
    }

    /// The fields, pseudo-headers first, in the format of `HeaderBlock`.
    static func arena(
        of head: HTTPRequestHead, _ limits: HTTP1Limits, scheme: String
    ) throws(Refusal) -> [UInt8] {
        guard head.version.major == 1 else { throw Refusal(505, "this is HTTP/1.1 or HTTP/2") }
        guard head.uri.utf8.count <= limits.targetBytes else { throw .longTarget(limits) }
        try check(head, limits)
        let (authority, path) = try target(of: head)
        var fields = Metadata()
        fields.append(":method", head.method.rawValue)
        fields.append(":scheme", scheme)
        fields.append(":authority", authority)
        fields.append(":path", path)
        let nominated = head.headers[canonicalForm: "connection"].map { $0.lowercased() }
        for (name, value) in head.headers {
            let name = name.lowercased()
            if staysBehind.contains(name) || nominated.contains(name) { continue }
            fields.append(name, value)
        }
        return fields.arena
    }

    /// What two hops could read differently, and what is not served this way.
    private static func check(_ head: HTTPRequestHead, _ limits: HTTP1Limits) throws(Refusal) {
        let bytes = head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard bytes <= limits.headerBytes else {
            throw Refusal(431, "the request's fields are longer than \(limits.headerBytes) bytes")
        }
        let types = head.headers["content-type"]
        guard types.count <= 1 else { throw Refusal(400, "content-type is there more than once") }
        if types.first?.lowercased().hasPrefix("application/grpc") == true {
            throw Refusal(415, "gRPC needs HTTP/2")
        }
        let codings = head.headers["transfer-encoding"]
        if !codings.isEmpty {
            // Two lengths of one body: two hops could disagree on where the next request begins.
            if head.headers.contains(name: "content-length") {
                throw Refusal(400, "content-length and transfer-encoding exclude each other")
            }
            guard head.version.minor > 0, codings.count == 1, codings[0].lowercased() == "chunked"
            else { throw Refusal(400, "transfer-encoding may only be chunked, once") }
        }
        let expectations = head.headers["expect"]
        guard expectations.allSatisfy({ $0.lowercased() == "100-continue" }) else {
            throw Refusal(417, "expect may only be 100-continue")
        }
    }

    /// Fields of one connection, and what the pseudo-headers say.
    private static let staysBehind: Set<String> = [
        "connection", "host", "http2-settings", "keep-alive", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    ]

    /// Host and path. A target with a scheme, as proxies get it, counts more than `host`, which has to
    /// agree with it (RFC 9112 §3.2.2).
    private static func target(
        of head: HTTPRequestHead
    ) throws(Refusal) -> (authority: String, path: String) {
        let hosts = head.headers["host"]
        guard hosts.count == 1, let host = hosts.first, !host.isEmpty else {
            throw Refusal(400, "a request names its host, once")
        }
        if head.uri.hasPrefix("/") { return (host, head.uri) }
        for scheme in ["http://", "https://"] where head.uri.lowercased().hasPrefix(scheme) {
            let rest = head.uri.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            guard authority.lowercased() == host.lowercased() else {
                throw Refusal(400, "the request's target and its host differ")
            }
            let path = rest.dropFirst(authority.count)
            return (host, path.hasPrefix("/") ? String(path) : "/" + path)
        }
        throw Refusal(400, "the request's target is no path")
    }
}
