/// What one event loop counts of itself. Its own thread adds; any thread reads.
public final class LoopMeter: Sendable {
    private let cells = MeterCells(count: 3)
    private enum Cell: Int { case jobs, lag, longest }

    package init() {}

    /// Jobs of tasks have run.
    package func ran(_ jobs: Int) { cells.add(UInt64(clamping: jobs), to: Cell.jobs.rawValue) }

    /// Something that was due ran so many nanoseconds late.
    package func lagged(_ nanoseconds: UInt64) {
        cells.set(nanoseconds, to: Cell.lag.rawValue)
        if nanoseconds > cells[Cell.longest.rawValue] {
            cells.set(nanoseconds, to: Cell.longest.rawValue)
        }
    }

    public var jobs: UInt64 { cells[Cell.jobs.rawValue] }
    /// How late the loop was when it was last looked at.
    public var lag: UInt64 { cells[Cell.lag.rawValue] }
    public var longestLag: UInt64 { cells[Cell.longest.rawValue] }
}
