/// How a ``SharedKeeper`` works.
public struct KeeperConfiguration: Sendable {
    /// How long one round trip may take.
    public var roundTrip: Duration = .seconds(2)
    /// The pause after a round in which nothing was to do.
    public var pause: Duration = .milliseconds(100)
    /// Entries taken from a partition at once.
    public var batch = 128
    /// An event that a server has not finished after this is the keeper's. More than a server's
    /// `ownership`, by as long as a round trip may take.
    public var openLimit: Duration = .seconds(5)
    /// How long an erasure waits for the events from before it to be finished.
    public var erasureLimit: Duration = .seconds(30)
    /// How long a row stays in the shared store at least: servers look up events there.
    public var rowLife: Duration = .seconds(60)
    /// Events of a tenant that are kept aside at most.
    public var quarantineRows = 1_000_000
    /// Replicas that must have what an erasure deletes before it goes on; 0 asks none.
    public var replicas = 0
    /// How long replicas are waited for.
    public var replicaWait: Duration = .seconds(1)
    /// That of the servers.
    public var masterKey: MasterKey?
    /// Told, in words, what ends rounds: each cause once, until a round succeeds; and what makes an
    /// event or an entity stuck.
    public var reportFailure: @Sendable (String) -> Void = { _ in }

    public init() {}
}
