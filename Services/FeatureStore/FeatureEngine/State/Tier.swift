/// All tiles of one slot length: `span` is the longest window they answer, `hop` the length of a
/// tile. Both are milliseconds.
public struct Tier: Hashable, Sendable {
    public let span: Int64
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

    /// The most tiles a state keeps here.
    var maximumTiles: Int64 { span / hop + 1 }

    public static let minute = Tier(span: 60_000, hop: 1_000)
    public static let hour = Tier(span: 3_600_000, hop: 60_000)
    public static let day = Tier(span: days(1), hop: 900_000)
    public static let week = Tier(span: days(7), hop: 10_800_000)
    public static let month = Tier(span: days(30), hop: 43_200_000)
    public static let quarter = Tier(span: days(90), hop: days(1))
    public static let halfYear = Tier(span: days(180), hop: days(3))
    public static let year = Tier(span: days(365), hop: days(5))
    /// One tile that holds every event.
    public static let ever = Tier(
        span: EngineEvent.latestTime + 1, hop: EngineEvent.latestTime + 1)

    /// The tiers that windows are given to, shortest first.
    public static let standard = [minute, hour, day, week, month, quarter, halfYear, year]

    /// Length of a lagged tile (R10).
    public static let laggedHop: Int64 = 10_800_000

    /// The tier of lagged windows, the longest of which reaches back `reach` = window + lag.
    public static func lagged(reach: Int64) -> Tier {
        Tier(span: reach, hop: laggedHop)
    }

    private static func days(_ count: Int64) -> Int64 { count * 86_400_000 }
}

// MARK: Choosing

/// Why no tier answers a window.
public enum TierProblem: Error, Hashable, Sendable {
    /// The window is longer than every tier whose hop divides it.
    case noTier
    /// The oldest tile of the window may add this many milliseconds: over a quarter of it.
    case overshoot(Int64)
    /// A hop is whole seconds and divides its window.
    case hopDoesNotDivide
    /// So fine a hop takes this many tiles for the window.
    case tooManyTiles(Int64)
}

extension Tier {
    /// Most tiles of a tier that a definition asks for by `hop:`; the finest standard tier has 91,
    /// a lagged one of a year 2,921.
    public static let maximumDeclaredTiles: Int64 = 400
    public static let longestLag: Int64 = 365 * 86_400_000

    /// The tier for a window: the first that is long enough and whose hop divides it, or one of
    /// the hop asked for. A window never covers more than a quarter beyond what it promises.
    public static func answering(
        window: Int64, hop: Int64? = nil
    ) throws(TierProblem) -> Tier {
        let tier: Tier
        if let hop {
            guard hop > 0, hop % 1_000 == 0, window % hop == 0 else { throw .hopDoesNotDivide }
            guard window / hop < maximumDeclaredTiles else { throw .tooManyTiles(window / hop + 1) }
            tier =
                standard.first { $0.hop == hop && $0.span >= window }
                ?? Tier(span: window, hop: hop)
        } else {
            guard let first = standard.first(where: { $0.span >= window && window % $0.hop == 0 })
            else { throw .noTier }
            tier = first
        }
        guard tier.hop <= window / 4 else { throw .overshoot(tier.hop) }
        return tier
    }

    /// The tier for a lagged window; both lengths are whole tiles.
    public static func answering(window: Int64, lag: Int64) throws(TierProblem) -> Tier {
        guard window > 0, lag > 0, window % laggedHop == 0, lag % laggedHop == 0 else {
            throw .hopDoesNotDivide
        }
        guard window <= longestLag, lag <= longestLag else { throw .noTier }
        return lagged(reach: window + lag)
    }
}
