/// One slot length of tiles: `span` is the longest window it answers, `hop` the length of a tile.
public struct Tier: Hashable, Sendable {
    /// Milliseconds.
    public let span: Int64
    /// Milliseconds.
    public let hop: Int64

    public init(span: Int64, hop: Int64) {
        precondition(hop > 0 && span >= hop)
        self.span = span
        self.hop = hop
    }

    /// The oldest tile of a window of `length` milliseconds read at `clock` (R1).
    func oldestTile(at clock: Int64, length: Int64) -> Int64 {
        (clock - length).floorDivided(by: hop)
    }

    /// The most tiles that a window of the whole span can touch.
    var maximumTiles: Int64 { span / hop + 2 }

    public static let minute = Tier(span: 60_000, hop: 1_000)
    public static let hour = Tier(span: 3_600_000, hop: 60_000)
    public static let day = Tier(span: 86_400_000, hop: 900_000)
    public static let week = Tier(span: 604_800_000, hop: 10_800_000)
    public static let month = Tier(span: 2_592_000_000, hop: 43_200_000)

    /// Every tier, shortest first.
    static let standard = [minute, hour, day, week, month]
}

/// A base counter of a group: what every tile keeps for one kind of event.
public struct Measure: Hashable, Sendable {
    /// What is kept beside the count.
    public struct Statistics: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let sum = Statistics(rawValue: 1)
        public static let max = Statistics(rawValue: 2)
        public static let min = Statistics(rawValue: 4)
        /// Sums of ln1024 of the value and of its square.
        public static let logarithms = Statistics(rawValue: 8)
    }

    /// Position of the event type in the definition set.
    public let event: Int
    /// Position of the entity among those the event type names: which role it counts.
    public let touch: Int
    /// Position of the counted field in the event type; nil counts events.
    public let field: Int?
    public let statistics: Statistics
    /// Bit i: the group's tier i keeps this measure.
    public let tiers: UInt64

    /// `statistics` always has the sum if there is a field, and nothing if there is none.
    public init(event: Int, touch: Int, field: Int?, statistics: Statistics, tiers: UInt64) {
        self.event = event
        self.touch = touch
        self.field = field
        self.statistics = field == nil ? [] : statistics.union(.sum)
        self.tiers = tiers
    }
}

/// Where a measure's counters lie among the cells of a tile.
struct Columns: Sendable {
    let measure: Int
    /// Of the count; the others are nil if they are not kept.
    let count: Int
    let sum: Int?
    let max: Int?
    let min: Int?
    /// Of Σ ln1024; Σ ln1024² follows it.
    let logarithms: Int?
}

/// The counters of one tier: a tile is `stride` cells, of which the first is its index.
struct TierLayout: Sendable {
    let tier: Tier
    let columns: [Columns]
    let stride: Int
    /// Bit m: measure m of the group is kept here.
    let measures: UInt64
}

/// Everything one state holds: the tiers and measures of an entity type.
///
/// It is shared by all its states and never changes.
public final class Group: Sendable {
    public let tiers: [Tier]
    public let measures: [Measure]
    let layouts: [TierLayout]

    /// At most 63 measures and 16 tiers.
    public init(tiers: [Tier], measures: [Measure]) {
        precondition(measures.count <= 63 && tiers.count <= 16)
        self.tiers = tiers
        self.measures = measures
        layouts = tiers.enumerated().map { index, tier in
            var stride = 1
            var kept: UInt64 = 0
            var columns: [Columns] = []
            func take(_ wanted: Bool, _ width: Int = 1) -> Int? {
                guard wanted else { return nil }
                defer { stride += width }
                return stride
            }
            for (position, measure) in measures.enumerated() where measure.tiers >> index & 1 == 1 {
                let count = stride
                stride += 1
                columns.append(
                    Columns(
                        measure: position, count: count,
                        sum: take(measure.statistics.contains(.sum)),
                        max: take(measure.statistics.contains(.max)),
                        min: take(measure.statistics.contains(.min)),
                        logarithms: take(measure.statistics.contains(.logarithms), 2)))
                kept |= 1 << UInt64(position)
            }
            return TierLayout(tier: tier, columns: columns, stride: stride, measures: kept)
        }
    }
}
