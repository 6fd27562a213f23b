public import FeatureEngine
internal import RPC

/// Who may ask for values, and for which purposes.
public struct FeatureAccess: Sendable {
    /// What a service may ask for, by its SPIFFE ID.
    public var services: [String: Set<Purpose>]
    /// Callers of every identity may ask for every purpose: plaintext on loopback, and tests.
    public var trustsEveryPeer: Bool

    public init(services: [String: Set<Purpose>] = [:], trustsEveryPeer: Bool = false) {
        self.services = services
        self.trustsEveryPeer = trustsEveryPeer
    }

    /// Scope with which a caller that is no service may ask for a purpose.
    public static func scope(_ purpose: Purpose) -> String {
        "features.purpose.\(purpose.rawValue)"
    }

    /// Throws PERMISSION_DENIED if the caller may not ask for the purpose.
    func check(_ purpose: Purpose, _ context: ServerContext) throws(RPCError) {
        if trustsEveryPeer { return }
        if let identity = context.peer.identity, let own = services[identity] {
            if own.contains(purpose) { return }
        } else if context.caller.has(Self.scope(purpose)) {
            return
        }
        throw RPCError(
            .permissionDenied, "values for the purpose \(purpose.rawValue) are not granted",
            reason: "PURPOSE")
    }
}
