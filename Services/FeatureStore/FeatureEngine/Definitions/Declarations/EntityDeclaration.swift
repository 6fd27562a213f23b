/// `card: {short: card, key: card_id, subject: customer, personal: account}`
public struct EntityDeclaration: Sendable {
    public let name: Located<String>
    /// Prefix of the entity's feature names.
    public let short: Located<String>
    /// The parts of its key, mostly one.
    public let key: [Located<String>]
    /// The entity whose data it is; `self` if it is one itself.
    public let subject: Located<String>?
    /// The class of personal data that its keys are.
    public let personal: Located<String>?
    /// Applied within 250 ms of the reply instead of before it.
    public let isRelaxed: Bool

    public init(
        name: Located<String>, short: Located<String>, key: [Located<String>],
        subject: Located<String>? = nil, personal: Located<String>? = nil, isRelaxed: Bool = false
    ) {
        self.name = name
        self.short = short
        self.key = key
        self.subject = subject
        self.personal = personal
        self.isRelaxed = isRelaxed
    }
}
