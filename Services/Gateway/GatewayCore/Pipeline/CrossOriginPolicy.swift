internal import RPC

/// What a listener tells browsers of pages from other origins (Fetch standard, CORS protocol).
///
/// Origins are exact, so no page gets in by a pattern. Credentials of the browser's own (cookies) are
/// never allowed: keys and tokens stand in fields that the page itself sets.
struct CrossOriginPolicy: Sendable {
    private let origins: Set<String>
    private let headers: String
    private let maximumAge: String

    init(_ configured: GatewayConfiguration.CrossOrigin) {
        origins = Set(configured.origins)
        headers = configured.headers.joined(separator: ", ")
        maximumAge = String(configured.maximumAge.components.seconds)
    }

    func allows(_ origin: String) -> Bool { origins.contains(origin) }

    /// What a page may read of a reply besides what browsers always show.
    private static let exposed =
        "assay-request-id, ratelimit, ratelimit-policy, retry-after, www-authenticate"

    /// Adds what a reply says to the page of `origin`. Caches learn that it depends on the origin even
    /// where nothing is allowed.
    func allow(_ origin: String, in reply: inout Metadata) {
        reply.append("vary", "origin")
        guard allows(origin) else { return }
        reply.append("access-control-allow-origin", origin)
        reply.append("access-control-expose-headers", Self.exposed)
    }

    /// The answer to a page that asks what it may do.
    func preflight(_ origin: String) -> RawReply {
        RawReply(
            status: 204,
            headers: [
                "vary": "origin, access-control-request-method, access-control-request-headers",
                "access-control-allow-origin": origin,
                "access-control-allow-methods": "GET, POST",
                "access-control-allow-headers": headers,
                "access-control-max-age": maximumAge,
            ])
    }
}
