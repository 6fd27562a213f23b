/// What an aggregate gives of its window.
public enum Aggregate: String, Hashable, Sendable, CaseIterable {
    case count, sum
    case average = "avg"
    case maximum = "max"
    case minimum = "min"
    /// Standard deviation of the logarithms of the values, as in R8.
    case deviation = "stddev"
    /// Mean of the logarithms of the values, as in R8.
    case logAverage = "avg_log"

    /// How many events it takes to say something: one has no deviation.
    var fewestEvents: Int64 { self == .deviation ? 2 : 1 }

    /// What a measure must keep for it.
    public var statistics: Measure.Statistics {
        switch self {
        case .count: []
        case .sum, .average: .sum
        case .maximum: [.sum, .max]
        case .minimum: [.sum, .min]
        case .deviation, .logAverage: [.sum, .logarithms]
        }
    }
}

/// Where an aggregate with `exact: true` finds the events of its window one by one (R1).
public struct ExactRead: Hashable, Sendable {
    /// A recent list that the same events feed.
    public let list: Int
    /// The position of the counted value in its rows; nil if events are counted.
    public let value: Int?

    public init(list: Int, value: Int? = nil) {
        self.list = list
        self.value = value
    }
}

/// One aggregate feature of a state.
public struct AggregateRead: Hashable, Sendable {
    public let aggregate: Aggregate
    public let measure: Int
    /// Of the group's tiers, one that keeps the measure.
    public let tier: Int
    /// Milliseconds; with the lag at most the tier's span.
    public let window: Int64
    /// Not nil: the window ends this many milliseconds before the read, at a whole tile (R10).
    public let lag: Int64?
    /// `per: payment`: the measure whose count divides the number; kept by the same tier.
    public let per: Int?
    /// Not nil: counts exactly what is younger than the window, as long as the list reaches back
    /// so far; past it the tiles answer, `approximate`.
    public let exact: ExactRead?
    /// `self: include`: the event at hand is in the window (R4).
    public let includesSelf: Bool
    /// The value when no event is in the window.
    public let defaultValue: Double

    public init(
        aggregate: Aggregate, measure: Int, tier: Int, window: Int64, lag: Int64? = nil,
        per: Int? = nil, exact: ExactRead? = nil, includesSelf: Bool = false,
        defaultValue: Double = 0
    ) {
        precondition(per == nil || aggregate == .count || aggregate == .sum)
        precondition(exact == nil || (per == nil && lag == nil))
        self.aggregate = aggregate
        self.measure = measure
        self.tier = tier
        self.window = window
        self.lag = lag
        self.per = per
        self.exact = exact
        self.includesSelf = includesSelf
        self.defaultValue = defaultValue
    }

    /// The tiles of the window at `time`: from the first up to and without the second.
    static func tiles(
        _ tier: Tier, window: Int64, lag: Int64?, at time: Int64
    ) -> (first: Int64, end: Int64) {
        let newest = time - (lag ?? 0)
        let first = tier.oldestTile(at: newest, length: window)
        return (first, lag == nil ? .max : newest.floorDivided(by: tier.hop))
    }
}
