/// What an aggregate gives of its window.
public enum Aggregate: String, Hashable, Sendable, CaseIterable {
    case count, sum
    case average = "avg"
    case maximum = "max"
}

/// One aggregate feature of a state.
public struct AggregateRead: Hashable, Sendable {
    public let aggregate: Aggregate
    public let measure: Int
    public let tier: Int
    /// Milliseconds; at most the tier's span.
    public let window: Int64
    /// The value when no event is in the window.
    public let defaultValue: Double

    public init(
        aggregate: Aggregate, measure: Int, tier: Int, window: Int64, defaultValue: Double = 0
    ) {
        self.aggregate = aggregate
        self.measure = measure
        self.tier = tier
        self.window = window
        self.defaultValue = defaultValue
    }
}

/// The features read from one state, compiled so that what features share is computed once.
public struct ReadPlan: Sendable {
    /// One pass over the tiles of a window for one measure.
    struct Pass: Sendable {
        let tier: Int
        let window: Int64
        let columns: Columns
        let reads: [(position: Int, read: AggregateRead)]
    }

    /// Same tier and window side by side.
    let passes: [Pass]
    public let count: Int

    public init(_ reads: [AggregateRead], group: Group) {
        struct Key: Hashable {
            let tier: Int
            let window: Int64
            let measure: Int
        }
        let keyed = Dictionary(grouping: reads.enumerated()) {
            Key(tier: $0.element.tier, window: $0.element.window, measure: $0.element.measure)
        }
        let order = keyed.keys.sorted {
            ($0.tier, $0.window, $0.measure) < ($1.tier, $1.window, $1.measure)
        }
        passes = order.map { key in
            let columns = group.layouts[key.tier].columns.first { $0.measure == key.measure }
            guard let columns else { preconditionFailure("the tier does not keep the measure") }
            let positions = (keyed[key] ?? []).map { (position: $0.offset, read: $0.element) }
            return Pass(tier: key.tier, window: key.window, columns: columns, reads: positions)
        }
        count = reads.count
    }
}
