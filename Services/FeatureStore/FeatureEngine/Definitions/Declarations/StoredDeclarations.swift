/// `merch: {from: payment, value: merchant_id, windows: [24h], remember: 400d}` under an entity.
public struct AttributeDeclaration: Sendable {
    public let entity: Located<String>
    public let name: Located<String>
    public let sources: [SourceDeclaration]
    public let field: Located<String>
    /// Of the distinct counts.
    public let windows: [Located<String>]
    /// Full names of the distinct counts in place of the built ones, one per window.
    public let names: [Located<String>]
    public let hop: Located<String>?
    /// Nil is for ever.
    public let remember: Located<String>?
    /// Values kept as they are, before there is a sketch too.
    public let exact: Int
    /// Registers of the sketch: 256 or 1,024.
    public let sketch: Int
    public let includesSelf: Bool
    public let documentation: Documentation

    public init(
        entity: Located<String>, name: Located<String>, sources: [SourceDeclaration],
        field: Located<String>, windows: [Located<String>] = [],
        names: [Located<String>] = [], hop: Located<String>? = nil, remember: Located<String>?,
        exact: Int = 128, sketch: Int = 256, includesSelf: Bool = false,
        documentation: Documentation
    ) {
        self.entity = entity
        self.name = name
        self.sources = sources
        self.field = field
        self.windows = windows
        self.names = names
        self.hop = hop
        self.remember = remember
        self.exact = exact
        self.sketch = sketch
        self.includesSelf = includesSelf
        self.documentation = documentation
    }
}

/// `documents: {from: document, key: document_id, rows: 64, latest: [status]}` under an entity.
public struct TableDeclaration: Sendable {
    /// `amount_sum: amount`, `n: {count: true}`, `paid: {sum: amount, where: 'status == "paid"'}`.
    public struct Sum: Sendable {
        public let name: Located<String>
        /// Nil counts events.
        public let field: Located<String>?
        public let filter: Located<String>?

        public init(name: Located<String>, field: Located<String>?, filter: Located<String>?) {
            self.name = name
            self.field = field
            self.filter = filter
        }
    }

    public let entity: Located<String>
    public let name: Located<String>
    public let sources: [SourceDeclaration]
    public let key: Located<String>
    public let rows: Int
    public let latest: [TakenField]
    public let sums: [Sum]
    /// Nil is for ever.
    public let remember: Located<String>?
    public let documentation: Documentation

    public init(
        entity: Located<String>, name: Located<String>, sources: [SourceDeclaration],
        key: Located<String>, rows: Int, latest: [TakenField] = [], sums: [Sum] = [],
        remember: Located<String>? = nil, documentation: Documentation
    ) {
        self.entity = entity
        self.name = name
        self.sources = sources
        self.key = key
        self.rows = rows
        self.latest = latest
        self.sums = sums
        self.remember = remember
        self.documentation = documentation
    }
}

/// `last_payment: {from: payment, latest: [location, amount], remember: 400d}` under an entity.
public struct RegisterDeclaration: Sendable {
    public let entity: Located<String>
    public let name: Located<String>
    public let sources: [SourceDeclaration]
    public let latest: [TakenField]
    /// `keep: oldest`: the first event instead of the last.
    public let keepsOldest: Bool
    /// Nil is for ever.
    public let remember: Located<String>?
    public let documentation: Documentation

    public init(
        entity: Located<String>, name: Located<String>, sources: [SourceDeclaration],
        latest: [TakenField] = [], keepsOldest: Bool = false, remember: Located<String>? = nil,
        documentation: Documentation
    ) {
        self.entity = entity
        self.name = name
        self.sources = sources
        self.latest = latest
        self.keepsOldest = keepsOldest
        self.remember = remember
        self.documentation = documentation
    }
}

/// `payments: {from: payment, rows: 32, fields: [amount]}` under an entity.
public struct RecentDeclaration: Sendable {
    public let entity: Located<String>
    public let name: Located<String>
    public let sources: [SourceDeclaration]
    public let rows: Int
    public let fields: [TakenField]
    /// Nil is for ever.
    public let remember: Located<String>?
    public let documentation: Documentation

    public init(
        entity: Located<String>, name: Located<String>, sources: [SourceDeclaration], rows: Int,
        fields: [TakenField] = [], remember: Located<String>? = nil, documentation: Documentation
    ) {
        self.entity = entity
        self.name = name
        self.sources = sources
        self.rows = rows
        self.fields = fields
        self.remember = remember
        self.documentation = documentation
    }
}
