public import Storage
public import Wire

/// Which recorded decisions a backtest runs over.
public struct BacktestChoice: Sendable {
    public var tenant: String
    /// Decided at or after this.
    public var since: Timestamp?
    /// Decided before this.
    public var until: Timestamp?
    /// At most so many of the newest records; 0: all.
    public var last: UInt64

    public init(
        tenant: String, since: Timestamp? = nil, until: Timestamp? = nil, last: UInt64 = 0
    ) {
        self.tenant = tenant
        self.since = since
        self.until = until
        self.last = last
    }
}

extension Backtest {
    /// Runs over recorded decisions. Memory does not grow with their number.
    public func run(
        over store: any KeyValueStore, archive: RuleArchive, choice: BacktestChoice,
        threads: Int = 1,
        progress: @escaping @Sendable (_ done: UInt64, _ total: UInt64) -> Bool = { _, _ in true }
    ) throws -> Result {
        try run(
            over: LogEvents(store: store, archive: archive, choice: choice, plan: plan),
            threads: threads, progress: progress)
    }
}
