/// How a server protects itself from more calls than it can serve. Numbers are per event loop, since
/// each loop decides alone.
public struct OverloadPolicy: Sendable, Hashable {
    /// Handlers that run at once, and calls that may wait for their turn.
    public var maximumHandlers: Int
    /// The least that an adaptive limit falls to.
    public var minimumHandlers: Int
    /// Whether the limit follows the time that handlers take; otherwise it stays at its maximum.
    public var isAdaptive: Bool
    /// The part of the limit that only critical calls may use, in percent.
    public var criticalPercent: Int
    /// A call that waited longer is given up when another comes.
    public var maximumWait: Duration
    /// Streams at once. They have a limit of their own, since they last as long as their callers like
    /// and so say nothing about load.
    public var maximumStreams: Int

    public init(
        maximumHandlers: Int = 256, minimumHandlers: Int = 4, isAdaptive: Bool = true,
        criticalPercent: Int = 20, maximumWait: Duration = .milliseconds(50),
        maximumStreams: Int = 4_096
    ) {
        precondition((1...maximumHandlers).contains(minimumHandlers), "1 ≤ minimum ≤ maximum")
        precondition((0...90).contains(criticalPercent), "something is left for the others")
        self.maximumHandlers = maximumHandlers
        self.minimumHandlers = minimumHandlers
        self.isAdaptive = isAdaptive
        self.criticalPercent = criticalPercent
        self.maximumWait = maximumWait
        self.maximumStreams = maximumStreams
    }

    /// 256 handlers and as many waiting calls per loop, adaptive.
    public static let standard = OverloadPolicy()
}
