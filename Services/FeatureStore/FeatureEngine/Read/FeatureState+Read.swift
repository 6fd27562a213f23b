/// Which features of a plan are read, as seen from the event at hand (R4).
public enum ReadPart: Hashable, Sendable {
    /// Those without the event: read before it is applied.
    case beforeApply
    /// Those with `self: include`: read after it is applied.
    case afterApply
    /// All, where there is no event at hand.
    case all
}

extension FeatureState {
    /// The time a read at `time` holds for: no stored event is later (R2).
    public func readTime(_ time: Int64) -> Int64 { max(time, clock) }

    /// The values of the plan's features at `time`, in the plan's order.
    public func read(_ plan: ReadPlan, at time: Int64) -> [FeatureValue] {
        var values = [FeatureValue](repeating: FeatureValue(0, Status(.empty)), count: plan.count)
        read(plan, at: time, .all, into: &values)
        return values
    }

    /// Sets the values of the features of one part; `values` has the plan's count.
    public func read(
        _ plan: ReadPlan, at time: Int64, _ part: ReadPart, into values: inout [FeatureValue]
    ) {
        precondition(values.count == plan.count)
        let windows =
            switch part {
            case .beforeApply: 0..<plan.windowsBefore
            case .afterApply: plan.windowsBefore..<plan.windows.count
            case .all: 0..<plan.windows.count
            }
        let now = readTime(time)
        withUnsafeTemporaryAllocation(of: WindowTotals.self, capacity: plan.maximumCounters) {
            totals in
            values.withUnsafeMutableBufferPointer { values in
                for window in windows {
                    read(plan.windows[window], of: plan, at: now, totals, into: values)
                }
            }
        }
    }

    private func read(
        _ window: ReadPlan.Window, of plan: ReadPlan, at now: Int64,
        _ totals: UnsafeMutableBufferPointer<WindowTotals>,
        into values: UnsafeMutableBufferPointer<FeatureValue>
    ) {
        let layout = group.layouts[window.tier]
        add(up: window, of: plan, at: now, totals)
        let tiles = tiles[window.tier]
        let marks = tiles.marks(reach: now, layout.tier)
        for output in plan.outputs[window.outputs] {
            let total = totals[output.counter]
            var isIncomplete = total.isIncomplete
            var divisor: Int64 = 1
            var count = total.count
            if output.per >= 0 {
                divisor = totals[output.per].count
                isIncomplete = isIncomplete || totals[output.per].isIncomplete
                count = divisor
            }
            if marks {
                isIncomplete =
                    isIncomplete || tiles.lateCount > 0
                    || tiles.overflowed & plan.measures(of: output, in: window) != 0
            }
            let flags: Status.Flags = isIncomplete ? .incomplete : []
            values[output.position] =
                count > 0
                ? FeatureValue(
                    total.value(output.aggregate) / Double(divisor), Status(.present, flags))
                : FeatureValue(output.defaultValue, Status(.empty, flags))
        }
    }

    /// The totals of the window's counters.
    private func add(
        up window: ReadPlan.Window, of plan: ReadPlan, at now: Int64,
        _ totals: UnsafeMutableBufferPointer<WindowTotals>
    ) {
        let rows = tiles[window.tier].rows
        let (first, end) = AggregateRead.tiles(
            group.tiers[window.tier], window: window.window, lag: window.lag, at: now)
        let start = rows.firstRow(from: first)
        let range = start..<(window.lag == nil ? rows.count : max(start, rows.firstRow(from: end)))
        let counters = plan.counters[window.counters]
        let found: Void? = rows.withCells { cells in
            for (index, counter) in counters.enumerated() {
                totals.initializeElement(
                    at: index,
                    to: WindowTotals(cells, range, counter.columns, counter.statistics))
            }
        }
        guard found == nil else { return }
        for index in counters.indices {
            totals.initializeElement(at: index - counters.startIndex, to: WindowTotals())
        }
    }
}

extension ReadPlan {
    /// A bit for each measure the feature depends on.
    func measures(of output: Output, in window: Window) -> UInt64 {
        func bit(_ counter: Int) -> UInt64 {
            1 << UInt64(counters[window.counters.lowerBound + counter].measure)
        }
        return bit(output.counter) | (output.per < 0 ? 0 : bit(output.per))
    }
}
