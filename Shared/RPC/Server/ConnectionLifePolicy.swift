/// How long a server keeps a connection, and how it finds out that its peer is gone.
public struct ConnectionLifePolicy: Sendable, Hashable {
    /// Silence before the server sends a PING.
    public var pingAfter: Duration
    /// Without an answer for so long the peer is gone.
    public var pingTimeout: Duration
    /// A client that sends PINGs more often, and gets nothing in between, is told to stop.
    public var minimumPingInterval: Duration
    /// Then the connection ends in order, give or take a tenth, so that clients spread anew.
    public var maximumAge: Duration
    /// Without a call for so long it ends in order.
    public var maximumIdle: Duration
    /// How long the calls in flight have at such an end.
    public var grace: Duration

    public init(
        pingAfter: Duration, pingTimeout: Duration = .seconds(20), minimumPingInterval: Duration,
        maximumAge: Duration = .seconds(1_800), maximumIdle: Duration = .seconds(900),
        grace: Duration = .seconds(30)
    ) {
        self.pingAfter = pingAfter
        self.pingTimeout = pingTimeout
        self.minimumPingInterval = minimumPingInterval
        self.maximumAge = maximumAge
        self.maximumIdle = maximumIdle
        self.grace = grace
    }

    public static let edge = ConnectionLifePolicy(
        pingAfter: .seconds(300), minimumPingInterval: .seconds(300))
    public static let mesh = ConnectionLifePolicy(
        pingAfter: .seconds(7_200), minimumPingInterval: .seconds(1))
}
