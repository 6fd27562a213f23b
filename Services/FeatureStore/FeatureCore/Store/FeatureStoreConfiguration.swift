/// What an acknowledged event survives.
public enum EventDurability: String, Sendable, CaseIterable {
    /// The end of the machine: its row was synced to the disk, with those of other events.
    case synced
    /// The end of the process: its row was handed to the operating system.
    case written
}

/// How much an ``EmbeddedFeatureStore`` keeps, for how long, and how it waits.
public struct FeatureStoreConfiguration: Sendable {
    /// States kept decoded.
    public var cacheBytes = 512 << 20
    public var durability = EventDurability.synced
    /// Blobs are stored with the event that changed them, instead of behind it. Costs some ten
    /// microseconds for each entity; opening then has nothing to apply.
    public var strictStates = false
    /// Every state that changed is stored once in so many events. A larger number writes fewer bytes,
    /// since a state is stored once however often it changed; opening after a crash applies the
    /// events of up to two such rounds again.
    public var roundEvents = 32_768
    /// Bytes handed to the disk for each event above which the log says so.
    public var bytesPerEventLimit = 24 << 10
    /// The least time between two syncs of the log.
    public var commitInterval: Duration = .milliseconds(1)
    /// How long events are kept, in milliseconds: at least as long as the longest window and lag.
    public var logRetention: Int64 = 400 * 86_400_000
    /// How long replies are kept for those who ask again, in milliseconds.
    public var replyRetention: Int64 = 8 * 86_400_000

    /// Told what goes wrong in the store, in words.
    public var reportFailure: @Sendable (String) -> Void = { _ in }

    /// Keeps what is personal unreadable to those who have the store's directory alone. Nil keeps a
    /// key of its own in the directory, which then hides nothing from them.
    public var masterKey: MasterKey?

    /// Told what an operator should know: which definitions are in force, how far a backfill is.
    public var log: @Sendable (String) -> Void = { _ in }
    var backfill = BackfillConfiguration()

    public init() {}
}
