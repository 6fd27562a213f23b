/// Which events feed something: `from: payment as destination`, or one of a list of such.
public struct SourceDeclaration: Sendable {
    public let event: Located<String>
    /// Which of the event's entities of the type learns of it; empty is the only one.
    public let role: Located<String>?
    /// `where:` of this source, or of all.
    public let filter: Located<String>?
    /// What a field that the declaration names is called in this event type:
    /// `{event: credit, fields: {merchant_id: shop_id}}`.
    public let renamed: [String: Located<String>]

    public init(
        event: Located<String>, role: Located<String>? = nil, filter: Located<String>? = nil,
        renamed: [String: Located<String>] = [:]
    ) {
        self.event = event
        self.role = role
        self.filter = filter
        self.renamed = renamed
    }
}

/// A value of a register, a table or a recent list, and the field it comes from:
/// `latest: [status]`, or `latest: {last_amount: amount}`.
public struct TakenField: Sendable {
    public let name: Located<String>
    public let field: Located<String>

    public init(name: Located<String>, field: Located<String>) {
        self.name = name
        self.field = field
    }
}
