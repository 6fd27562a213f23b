/// What happened to the safety of the gateway, in a log of its own that is never sampled.
public struct SecurityEvent: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case loginFailed = "login_failed"
        case refused = "refused"
        case configurationChanged = "configuration_changed"
        case configurationRefused = "configuration_refused"
        case keySetChanged = "key_set_changed"
    }

    public var kind: Kind
    public var reason = ""
    /// For us, not for the caller.
    public var detail = ""
    public var requestID = ""
    public var listener = ""
    public var peer = ""
    public var method = ""
    public var tenant = ""
    public var client = ""
    public var credential = ""
    public var keyID = ""
    /// Of the configuration in force from now on.
    public var hash = ""
    public var changes: [String] = []
    /// Whose keys are others now, and how many there are.
    public var issuer = ""
    public var keys: Int?

    public init(_ kind: Kind) { self.kind = kind }

    /// Nil if the call is nothing special.
    init?(_ entry: AccessLogEntry) {
        switch entry.stage {
        case .authenticate: self.init(.loginFailed)
        case .authorize: self.init(.refused)
        default: return nil
        }
        reason = entry.reason
        detail = entry.detail
        requestID = entry.requestID
        listener = entry.listener
        peer = entry.peer
        method = entry.method
        (tenant, client) = (entry.tenant, entry.client)
        (credential, keyID) = (entry.credentialKind?.description ?? "", entry.keyID)
    }

    /// Nil unless an issuer's keys are others than before.
    public init?(_ event: KeySetCache.Event) {
        guard case .changed(let issuer, let keys, let leftOut) = event else { return nil }
        self.init(.keySetChanged)
        (self.issuer, self.keys) = (issuer, keys)
        changes = leftOut.map { "left out: \($0)" }
    }

    func write(to output: inout [UInt8], unixMilliseconds: Int64) {
        var line = JSONLogLine(to: &output, unixMilliseconds: unixMilliseconds)
        line.text("event", kind.rawValue, to: &output)
        line.known("reason", reason, to: &output)
        line.known("detail", detail, to: &output)
        line.known("request_id", requestID, to: &output)
        line.known("listener", listener, to: &output)
        line.known("peer_ip", AccessLogEntry.address(of: peer), to: &output)
        line.known("method", method, to: &output)
        line.known("tenant", tenant, to: &output)
        line.known("client", client, to: &output)
        line.known("credential", credential, to: &output)
        line.known("key_id", keyID, to: &output)
        line.known("hash", hash, to: &output)
        line.known("issuer", issuer, to: &output)
        if let keys { line.number("keys", keys, to: &output) }
        if !changes.isEmpty { line.texts("changes", changes, to: &output) }
        line.end(&output)
    }
}

public final class SecurityLog: LogSource {
    private let buffer: LogBuffer

    public init(capacity: Int = 8 << 20) {
        buffer = LogBuffer(capacity: capacity)
    }

    public func append(_ event: SecurityEvent, unixMilliseconds: Int64) {
        buffer.append { event.write(to: &$0, unixMilliseconds: unixMilliseconds) }
    }

    public func drain() -> (bytes: [UInt8], dropped: Int) { buffer.drain() }
}
