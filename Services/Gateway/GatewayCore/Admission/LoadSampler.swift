/// Turns what is measured of a process into its load.
///
/// A single late look means a hiccup of the machine, not too many calls: what counts is the lag that
/// stood for the whole of the last looks, as in CoDel (RFC 8289, section 3.2).
public struct LoadSampler: Sendable {
    /// The lag of an event loop at which a process does all that it can.
    public static let fullLag = Duration.milliseconds(50)
    private static let looks = 5

    private var lags: [Double] = []

    public init() {}

    /// - Parameters:
    ///   - lag: The longest that a loop let something wait; nil if one did not answer at all.
    ///   - used: Bytes of memory.
    ///   - limit: Bytes that the process may have.
    /// - Returns: 1 for all that it can do; more is possible.
    public mutating func load(lag: Duration?, used: Int, limit: Int) -> Double {
        lags.append(lag.map { $0 / Self.fullLag } ?? 1)
        if lags.count > Self.looks { lags.removeFirst() }
        let standing = lags.count < Self.looks ? 0 : lags.min() ?? 0
        return max(standing, limit > 0 ? Double(used) / Double(limit) : 0)
    }
}
