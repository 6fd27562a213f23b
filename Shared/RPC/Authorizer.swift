/// Decides whether a call may reach its handler, and on whose behalf it runs.
public protocol Authorizer: Sendable {
    /// The caller, or UNAUTHENTICATED or PERMISSION_DENIED.
    func authorize(
        _ method: MethodDescriptor, _ head: RequestHead, from peer: Peer
    ) throws(RPCError) -> Caller
}

/// The rule of the mesh: identity headers are believed only from forwarders, and a service that
/// calls for itself has the scopes of a table.
public struct ScopeAuthorizer: Authorizer {
    /// SPIFFE IDs whose identity headers are believed.
    public var forwarders: Set<String>
    /// What a service may do by itself: SPIFFE ID → scopes. A service listed here is judged by
    /// these scopes and not by those that it forwards.
    public var services: [String: Set<String>]
    /// Scopes that need no identity: of everyone who reaches the port and forwards for nobody.
    public var openScopes: Set<String>
    /// Plaintext on loopback: identity headers are believed from every peer, and `assay-service`
    /// stands for the certificate.
    public var trustsEveryPeer: Bool

    public init(
        forwarders: Set<String> = [], services: [String: Set<String>] = [:],
        openScopes: Set<String> = [], trustsEveryPeer: Bool = false
    ) {
        self.forwarders = forwarders
        self.services = services
        self.openScopes = openScopes
        self.trustsEveryPeer = trustsEveryPeer
    }

    public func authorize(
        _ method: MethodDescriptor, _ head: RequestHead, from peer: Peer
    ) throws(RPCError) -> Caller {
        let caller = identify(head, from: peer)
        guard case .scope(let scope, let mutualTLS) = method.access else {
            return caller ?? .anonymous
        }
        if mutualTLS && peer.identity == nil && !trustsEveryPeer {
            throw RPCError(
                .unauthenticated, "this method needs a client certificate", reason: "MTLS_REQUIRED")
        }
        if caller == nil, openScopes.contains(scope) { return .anonymous }
        if let own = services[service(of: peer, head)] {
            if own.contains(scope) { return caller ?? .anonymous }
            throw refused(scope)
        }
        guard let caller, !caller.tenant.isEmpty else {
            throw RPCError(
                .unauthenticated, "the call carries no identity", reason: "NO_CREDENTIALS")
        }
        if !caller.has(scope) { throw refused(scope) }
        return caller
    }

    private func refused(_ scope: String) -> RPCError {
        RPCError(.permissionDenied, "the scope \(scope) is not granted", reason: "SCOPE")
    }

    private func service(of peer: Peer, _ head: RequestHead) -> String {
        if trustsEveryPeer, peer.identity == nil {
            return head.fields[AssayHeader.claimedIdentity] ?? ""
        }
        return peer.identity ?? ""
    }

    /// Nil if there are no identity headers, or none that may be believed.
    private func identify(_ head: RequestHead, from peer: Peer) -> Caller? {
        guard head.hasIdentityFields, let tenant = head.fields[AssayHeader.tenant] else {
            return nil
        }
        let isBelieved = trustsEveryPeer || peer.identity.map(forwarders.contains) ?? false
        guard isBelieved else { return nil }
        let scopes = head.fields[AssayHeader.scopes] ?? ""
        return Caller(
            tenant: tenant, client: head.fields[AssayHeader.client] ?? "",
            scopes: scopes.split(separator: " ").map(String.init))
    }
}
