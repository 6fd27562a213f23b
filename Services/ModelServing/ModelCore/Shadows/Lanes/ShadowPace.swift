/// How fast a shadow may go on: after each row it rests until its share of the scoring threads' time
/// has paid for the row.
struct ShadowPace: Sendable {
    /// What may be saved up while nothing is to be done.
    static let savedNanoseconds: UInt64 = 10_000_000
    /// Less is not worth going to sleep for: it is added to the next rest.
    static let shortestRest: UInt64 = 1_000_000
    /// No row costs more rest than this.
    static let longestRest: UInt64 = 60_000_000_000

    /// How many threads score calls.
    let threads: Int
    /// When all that was spent is paid for; monotonic nanoseconds.
    private var paidAt: UInt64 = 0

    init(threads: Int) {
        precondition(threads > 0, "a share of some thread")
        self.threads = threads
    }

    /// How long to rest after a row.
    ///
    /// - Parameters:
    ///   - nanoseconds: what the row took.
    ///   - now: monotonic nanoseconds, at the row's end.
    ///   - share: of the time of all threads together, above 0. One thread scores for a shadow, so it
    ///     can take no more than that one's time.
    mutating func rest(after nanoseconds: UInt64, now: UInt64, share: Double) -> UInt64 {
        let cost = Double(nanoseconds) / min(1, share * Double(threads))
        let longest = Double(nanoseconds) + Double(Self.longestRest)
        let start = now > nanoseconds ? now - nanoseconds : 0
        let earliest = start > Self.savedNanoseconds ? start - Self.savedNanoseconds : 0
        paidAt = max(paidAt, earliest) + UInt64(min(cost, longest))
        let rest = paidAt > now ? min(paidAt - now, Self.longestRest) : 0
        return rest < Self.shortestRest ? 0 : rest
    }
}
