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

        var reply: RawReply {
            RawReply(
                json: RPCError(status == 505 ? .unimplemented : .invalidArgument, message),
                status: status)
        }
    }

    /// The fields, pseudo-headers first, in the format of `HeaderBlock`.
    static func arena(
        of head: HTTPRequestHead, scheme: String
    ) throws(Refusal) -> [UInt8] {
        guard head.version.major == 1 else { throw Refusal(505, "this is HTTP/1.1 or HTTP/2") }
        if head.headers.first(name: "content-type")?.lowercased().hasPrefix("application/grpc")
            == true
        {
            throw Refusal(505, "gRPC needs HTTP/2")
        }
        // Two lengths of one body: two hops could disagree on where the next request begins.
        if head.headers.contains(name: "transfer-encoding"),
            head.headers.contains(name: "content-length")
        {
            throw Refusal(400, "content-length and transfer-encoding exclude each other")
        }
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

    /// Fields of one connection, and what the pseudo-headers say.
    private static let staysBehind: Set<String> = [
        "connection", "expect", "host", "http2-settings", "keep-alive", "proxy-connection", "te",
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
