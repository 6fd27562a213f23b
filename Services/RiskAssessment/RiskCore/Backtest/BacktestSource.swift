/// Where a backtest has its events from, page by page, so that never all are in memory. Several
/// threads may take pages at once.
protocol BacktestSource: Sendable {
    /// An event as it is stored.
    associatedtype Stored: Sendable

    /// How much there is in all, in the unit of `Page.size`.
    var total: UInt64 { get }

    /// The next page; nil: there are no more.
    func next() throws -> BacktestPage<Stored>?

    /// The event of a stored one; nil: it is none of those asked for.
    func event(_ stored: Stored) throws -> BacktestEvent?
}

struct BacktestPage<Stored: Sendable>: Sendable {
    var stored: [Stored]
    /// How far it brings the whole on.
    var size: UInt64
}

/// Why an event cannot be judged again; it is counted under this reason.
struct LeftOut: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}
