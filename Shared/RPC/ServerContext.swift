/// The other end of a connection.
public struct Peer: Sendable, Hashable {
    /// "10.0.0.7:40112".
    public var address: String
    /// The verified SPIFFE ID of its certificate, or `dns:` and a name for a foreign one; nil without
    /// mutual TLS.
    public var identity: String?
    /// Whether the connection is encrypted.
    public var isEncrypted: Bool
    /// Nil unless the other end has shown a certificate, and it was verified.
    public var certificate: PeerCertificate?
    /// Which of the server's listeners it came to, by its place among them.
    public var listener: Int

    public init(
        address: String, identity: String? = nil, isEncrypted: Bool = false,
        certificate: PeerCertificate? = nil, listener: Int = 0
    ) {
        self.address = address
        self.identity = identity
        self.isEncrypted = isEncrypted
        self.certificate = certificate
        self.listener = listener
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
///
/// One reference: a context is handed on more often than it is read.
public struct ServerContext: Sendable {
    let exchange: Exchange

    init(_ exchange: Exchange) { self.exchange = exchange }

    /// Tests build one directly; a server does it per call.
    public init(
        method: MethodDescriptor, deadline: Deadline = .none, metadata: Metadata = Metadata(),
        peer: Peer = Peer(address: "test"), caller: Caller = .anonymous,
        receivedAt: Instant = Instant(nanoseconds: 0), span: CallSpan? = nil
    ) {
        exchange = Exchange(
            method: method, deadline: deadline, headers: metadata, peer: peer, caller: caller,
            receivedAt: receivedAt, span: span, contentType: .grpc, clock: { receivedAt })
    }

    public var method: MethodDescriptor { exchange.method }
    public var deadline: Deadline { exchange.deadline }
    /// When the request's headers were read.
    public var receivedAt: Instant { exchange.receivedAt }
    public var peer: Peer { exchange.peer }
    public var caller: Caller { exchange.caller }
    /// Nil if the call is not recorded in a trace.
    public var span: CallSpan? { exchange.span }

    /// The caller's metadata: without the protocol's own fields.
    public var metadata: Metadata { exchange.headers.withoutProtocolFields }

    /// The id that follows a request through all services; empty if the caller sent none.
    public var requestID: String { exchange.header(AssayHeader.requestID) ?? "" }

    /// What is left until the deadline, never negative; nil if there is none.
    public var remaining: Duration? { deadline.remaining(at: exchange.clock()) }

    /// Options for a call made on behalf of this one: inherits the deadline, the caller, the
    /// request id and the trace.
    public var child: CallOptions {
        let headers = exchange.headers
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
