public import RPC

/// Who calls, as far as the gateway has verified it.
public struct Principal: Sendable, Hashable {
    public let tenant: String
    public let client: String
    /// The public id of the key that proved it; also the name under which calls are counted.
    public let keyID: String
    /// What the credential and its roles grant, less what the tenant may not have.
    public let scopes: ScopeSet
    /// `scopes` as services read it: names with a blank between, sorted.
    public let scopeHeader: String
    /// Index of the client's plan in the snapshot.
    public let plan: Int
    public let isSuspended: Bool
    /// Of the client's plan.
    public let criticality: Criticality

    public init(
        tenant: String, client: String, keyID: String, scopes: ScopeSet, scopeHeader: String,
        plan: Int, isSuspended: Bool, criticality: Criticality = .normal
    ) {
        self.tenant = tenant
        self.client = client
        self.keyID = keyID
        self.scopes = scopes
        self.scopeHeader = scopeHeader
        self.plan = plan
        self.isSuspended = isSuspended
        self.criticality = criticality
    }
}
