public import RPC

/// Who calls, as far as the gateway has verified it.
public struct Principal: Sendable, Hashable {
    /// What it was proved with.
    public enum Credential: String, Sendable, Hashable, CaseIterable {
        case apiKey = "api_key"
        case token
        case certificate
    }

    public let tenant: String
    public let client: String
    /// The name under which calls are counted and logged: the public id of an API key, else
    /// "tenant/client".
    public let keyID: String
    /// What the credential and its roles grant, less what the tenant may not have.
    public let scopes: ScopeSet
    /// `scopes` as services read it: names with a blank between, sorted.
    public let scopeHeader: String
    /// Index of the client's plan in the snapshot.
    public let plan: Int
    public let isSuspended: Bool
    /// What the client or its plan says; nil leaves it to the method.
    public let criticality: Criticality?
    public let credential: Credential
    /// When the credential ends, in seconds since 1970; nil if it does not.
    public internal(set) var expires: Int64?

    public init(
        tenant: String, client: String, keyID: String, scopes: ScopeSet, scopeHeader: String,
        plan: Int, isSuspended: Bool, criticality: Criticality? = nil,
        credential: Credential = .apiKey, expires: Int64? = nil
    ) {
        self.tenant = tenant
        self.client = client
        self.keyID = keyID
        self.scopes = scopes
        self.scopeHeader = scopeHeader
        self.plan = plan
        self.isSuspended = isSuspended
        self.criticality = criticality
        self.credential = credential
        self.expires = expires
    }

    /// Whether both stand for the same client, by whatever credential.
    func isSameClient(as other: Principal) -> Bool {
        tenant == other.tenant && client == other.client
    }
}
