/// A stored key: everything but its secret.
public struct APIKeyRecord: Sendable {
    public enum State: String, Sendable, Hashable { case active, revoked }

    public var id: String
    public var mac: [UInt8]
    public var pepper: Int
    /// Seconds since 1970; outside of these the key is refused.
    public var notBefore: Int64?
    public var expires: Int64?
    public var state: State
    /// SHA-256 of the client certificate that must accompany the key; nil binds it to none.
    public var certificate: [UInt8]?
    public var principal: Principal
    /// When it was used last.
    let use: KeyUse

    public init(
        id: String, mac: [UInt8], pepper: Int, notBefore: Int64? = nil, expires: Int64? = nil,
        state: State = .active, certificate: [UInt8]? = nil, principal: Principal,
        use: KeyUse = KeyUse()
    ) {
        self.id = id
        self.mac = mac
        self.pepper = pepper
        self.notBefore = notBefore
        self.expires = expires
        self.state = state
        self.certificate = certificate
        self.principal = principal
        self.use = use
    }

    /// What an unknown id is computed against.
    static let dummy = APIKeyRecord(
        id: "", mac: [UInt8](repeating: 0, count: 32), pepper: 0,
        principal: Principal(
            tenant: "", client: "", keyID: "", scopes: .none, scopeHeader: "", plan: 0,
            isSuspended: true))
}
