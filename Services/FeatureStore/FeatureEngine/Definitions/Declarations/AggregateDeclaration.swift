/// `amt_sum: {from: payment, sum: amount, windows: [1h, 24h]}` under an entity: one feature per
/// window, `<short>_amt_sum_1h`, with a lag `<short>_amt_sum_1h_lag7d`.
public struct AggregateDeclaration: Sendable {
    /// What is computed of the events of a window.
    public enum Operation: Sendable {
        case aggregate(Aggregate)
        /// Counts for each value of a field, for `share` and `smoothed_share`.
        case countBy
        /// Counts for each magnitude of a field, for `rank`.
        case histogram
    }

    public let entity: Located<String>
    public let name: Located<String>
    public let sources: [SourceDeclaration]
    public let operation: Operation
    /// Nil for a count.
    public let field: Located<String>?
    public let windows: [Located<String>]
    /// Full names in place of the built ones, one per window.
    public let names: [Located<String>]
    public let hop: Located<String>?
    public let lag: Located<String>?
    /// The field with the time that is counted: `payment.occurred_at`.
    public let time: Located<String>?
    /// The event type whose count divides the number.
    public let per: Located<String>?
    public let includesSelf: Bool
    /// Counts the newest events one by one.
    public let isExact: Bool
    /// The value when no event is in the window.
    public let defaultValue: Double
    public let documentation: Documentation

    public init(
        entity: Located<String>, name: Located<String>, sources: [SourceDeclaration],
        operation: Operation, field: Located<String>?, windows: [Located<String>],
        names: [Located<String>] = [], hop: Located<String>? = nil, lag: Located<String>? = nil,
        time: Located<String>? = nil, per: Located<String>? = nil, includesSelf: Bool = false,
        isExact: Bool = false, defaultValue: Double = 0, documentation: Documentation
    ) {
        self.entity = entity
        self.name = name
        self.sources = sources
        self.operation = operation
        self.field = field
        self.windows = windows
        self.names = names
        self.hop = hop
        self.lag = lag
        self.time = time
        self.per = per
        self.includesSelf = includesSelf
        self.isExact = isExact
        self.defaultValue = defaultValue
        self.documentation = documentation
    }
}
