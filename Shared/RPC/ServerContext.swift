/// The other end of a connection.
public struct Peer: Sendable, Hashable {
    /// "10.0.0.7:40112".
    public var address: String
    /// The verified SPIFFE ID of its certificate, or `dns:` and a name for a foreign one; nil without
    /// mutual TLS.
    public var identity: String?
    /// Whether the connection is encrypted.
    public var isEncrypted: Bool

    public init(address: String, identity: String? = nil, isEncrypted: Bool = false) {
        self.address = address
        self.identity = identity
        self.isEncrypted = isEncrypted
    }
}

/// On whose behalf a call runs: from the identity headers of a peer that is trusted to set them.
public struct Caller: Sendable, Hashable {
    public var tenant: String
    public var client: String
    public var scopes: [String]

    public init(tenant: String, client: String, scopes: [String] = []) {
        self.tenant = tenant
        self.client = client
        self.scopes = scopes
    }

    /// Nobody: the caller of a public method, or a service that acts for itself.
    public static let anonymous = Caller(tenant: "", client: "")

    public func has(_ scope: String) -> Bool { scopes.contains(scope) }
}

/// The names of our own metadata.
public enum AssayHeader {
    public static let tenant = "assay-tenant"
    public static let client = "assay-client"
    public static let scopes = "assay-scopes"
    public static let requestID = "assay-request-id"
    public static let criticality = "assay-criticality"
    /// The SPIFFE ID that a service claims over plaintext on loopback; believed nowhere else.
    public static let claimedIdentity = "assay-service"
    public static let traceParent = "traceparent"
    public static let traceState = "tracestate"
    /// The form of gRPC's older libraries; read only if it is the only one.
    public static let traceBinary = "grpc-trace-bin"
}

/// What a handler knows about the call besides the message.
public struct ServerContext: Sendable {
    public let method: MethodDescriptor
    public let deadline: Deadline
    /// When the request's headers were read.
    public let receivedAt: Instant
    public let peer: Peer
    public let caller: Caller
    /// Nil if the call is not recorded in a trace.
    public let span: CallSpan?
    private let headers: Metadata
    /// Takes the metadata of the reply; nil in a context that a test has built.
    var exchange: Exchange?

    /// Tests build one directly; a server does it per call.
    public init(
        method: MethodDescriptor, deadline: Deadline = .none, metadata: Metadata = Metadata(),
        peer: Peer = Peer(address: "test"), caller: Caller = .anonymous,
        receivedAt: Instant = Instant(nanoseconds: 0), span: CallSpan? = nil
    ) {
        self.method = method
        self.deadline = deadline
        self.receivedAt = receivedAt
        self.peer = peer
        self.caller = caller
        self.span = span
        headers = metadata
    }

    /// The caller's metadata: without the protocol's own fields.
    public var metadata: Metadata { headers.withoutProtocolFields }

    func header(_ name: String) -> String? { headers[name] }

    /// The id that follows a request through all services; empty if the caller sent none.
    public var requestID: String { headers[AssayHeader.requestID] ?? "" }

    /// What is left until the deadline, never negative; nil if there is none.
    public var remaining: Duration? {
        deadline.remaining(at: exchange?.clock() ?? receivedAt)
    }

    /// Options for a call made on behalf of this one: inherits the deadline, the caller, the
    /// request id and the trace.
    public var child: CallOptions {
        var inherited = Metadata()
        for name in Self.inheritedNames {
            if let value = headers[name] { inherited.append(name, value) }
        }
        if let span {
            if !span.context.isSampled { inherited.setTrace(span.context) }
        } else {
            inherited.inheritTrace(of: headers)
        }
        if !caller.tenant.isEmpty {
            inherited.append(AssayHeader.tenant, caller.tenant)
            inherited.append(AssayHeader.client, caller.client)
            inherited.append(AssayHeader.scopes, caller.scopes.joined(separator: " "))
        }
        // One layer repeats a call: not we, if our caller does.
        var options = CallOptions(
            deadline: .inherited(deadline), metadata: inherited,
            allowsRetry: headers.firstField("grpc-previous-rpc-attempts") == nil)
        options.span = span
        options.isChild = true
        return options
    }

    private static let inheritedNames = [
        AssayHeader.requestID, AssayHeader.criticality,
    ]
}
