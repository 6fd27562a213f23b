public import RPC

/// What is written about a request: one line of JSON, without secrets, bodies or the values of
/// fields that we do not know.
public struct AccessLogEntry: Sendable {
    public var received = Instant(nanoseconds: 0)
    public var ended = Instant(nanoseconds: 0)
    public var requestID = ""
    /// Nil outside of a trace.
    public var trace: TraceContext?
    public var listener = ""
    /// Address and port.
    public var peer = ""
    public var isEncrypted = false
    public var face = ContentType.other
    /// A path of the route table; empty if the caller asked for something else.
    public var method = ""
    public var tenant = ""
    public var client = ""
    /// The method's number among those of all schemas; nil if nobody knows it.
    var methodNumber: Int?
    /// What kind of proof was shown; nil before anyone asked for one.
    public var credentialKind: CredentialKind?
    /// Whether the credential was found good before, and is known from then.
    public var isRemembered = false
    public var keyID = ""
    public var status = StatusCode.ok
    public var http = 0
    /// Where and why it was refused; empty if it was not.
    public var stage: RequestPipeline.Stage?
    public var reason = ""
    /// Whether the limits were asked.
    public var hasLimit = false
    /// The limit that refused.
    public var rule = ""
    /// What exactly was wrong with a credential or a service; for us, not for the caller.
    public var detail = ""
    /// Of the whole, what went into finding out who calls, how often, and into the service. What is
    /// decided here and at once takes no time that is worth a look at the clock.
    public var authenticationNanoseconds: Int64 = 0
    public var limitNanoseconds: Int64 = 0
    public var upstreamTime = Duration.zero
    public var upstream = ""
    public var bytesIn = 0
    public var bytesOut = 0
    /// Calls of the service that were sent for this one.
    public var attempts = 0
    public var criticality = Criticality.normal
    /// The first 16 digits of its SHA-256: the key itself may be an order's number.
    public var idempotencyKeyHash = ""
    public var droppedFields = 0

    public init() {}

    /// Appends the line, newline included.
    public func write(to output: inout [UInt8], unixMilliseconds: Int64) {
        var line = JSONLogLine(to: &output, unixMilliseconds: unixMilliseconds)
        line.text("request_id", requestID, to: &output)
        if let trace { line.text("trace_id", trace.traceID, to: &output) }
        line.known("listener", listener, to: &output)
        line.text("peer_ip", Self.address(of: peer), to: &output)
        line.boolean("tls", isEncrypted, to: &output)
        line.word("face", face.name, to: &output)
        line.text("method", method.isEmpty ? "unknown" : method, to: &output)
        line.known("tenant", tenant, to: &output)
        line.known("client", client, to: &output)
        line.known("credential", credentialKind?.description ?? "", to: &output)
        line.known("key_id", keyID, to: &output)
        line.text("status", status.description, to: &output)
        line.number("http", http, to: &output)
        line.known("stage", stage?.rawValue ?? "", to: &output)
        line.known("reason", reason, to: &output)
        line.known("rule", rule, to: &output)
        line.known("detail", detail, to: &output)
        line.time("duration_us", ended - received, to: &output)
        if credentialKind != nil {
            line.time("auth_us", nanoseconds: authenticationNanoseconds, to: &output)
        }
        if hasLimit { line.time("limit_us", nanoseconds: limitNanoseconds, to: &output) }
        if !upstream.isEmpty {
            line.time("upstream_us", upstreamTime, to: &output)
            line.text("upstream", upstream, to: &output)
            line.number("attempts", attempts, to: &output)
        }
        line.number("bytes_in", bytesIn, to: &output)
        line.number("bytes_out", bytesOut, to: &output)
        line.text("criticality", "\(criticality)", to: &output)
        line.known("idempotency_key_hash", idempotencyKeyHash, to: &output)
        if droppedFields > 0 { line.number("dropped_fields", droppedFields, to: &output) }
        line.end(&output)
    }

    /// "10.0.0.7" of "10.0.0.7:40112", "::1" of "[::1]:7".
    static func address(of peer: String) -> String {
        let bytes = peer.utf8
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            !bytes[colon...].contains(UInt8(ascii: "]"))
        else { return peer }
        let host = peer[..<colon]
        let isBracketed = host.utf8.first == UInt8(ascii: "[")
        return isBracketed ? String(host.dropFirst().dropLast()) : String(host)
    }
}
