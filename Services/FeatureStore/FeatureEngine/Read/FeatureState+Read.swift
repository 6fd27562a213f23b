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
    ///
    /// - Parameter event: the event at hand, whose values features of an attribute ask for.
    public func read(
        _ plan: ReadPlan, at time: Int64, event: EngineEvent? = nil
    ) -> [FeatureValue] {
        var values = [FeatureValue](repeating: FeatureValue(0, Status(.empty)), count: plan.count)
        read(plan, at: time, event: event, .all, into: &values)
        return values
    }

    /// Sets the values of the features of one part; `values` has the plan's count.
    public func read(
        _ plan: ReadPlan, at time: Int64, event: EngineEvent? = nil, _ part: ReadPart,
        into values: inout [FeatureValue]
    ) {
        precondition(values.count == plan.count)
        let now = readTime(time)
        values.withUnsafeMutableBufferPointer { values in
            if part != .afterApply { read(plan.before, of: plan, at: now, event, into: values) }
            if part != .beforeApply { read(plan.after, of: plan, at: now, event, into: values) }
        }
    }

    private func read(
        _ part: ReadPlan.Part, of plan: ReadPlan, at now: Int64, _ event: EngineEvent?,
        into values: UnsafeMutableBufferPointer<FeatureValue>
    ) {
        withUnsafeTemporaryAllocation(of: WindowTotals.self, capacity: plan.maximumCounters) {
            totals in
            tiles.withUnsafeBufferPointer { tiles in
                plan.counters.withUnsafeBufferPointer { counters in
                    plan.outputs.withUnsafeBufferPointer { outputs in
                        let pass = WindowPass(
                            tiles: tiles, counters: counters, outputs: outputs, totals: totals,
                            values: values, now: now)
                        for window in part.windows { pass.read(window) }
                    }
                }
            }
        }
        for (position, read) in part.exact {
            values[position] = exactValue(read, at: now, tiles: values[position])
        }
        part.attributes.withUnsafeBufferPointer { passes in
            attributes.withUnsafeBufferPointer { known in
                guard let known = known.baseAddress else { return }
                for index in passes.indices {
                    passes[index].read(
                        known + passes[index].attribute, at: now, event, into: values)
                }
            }
        }
        for (position, read) in part.registers { values[position] = value(read, at: now) }
    }

    /// R1: from the raw events, if the list reaches back through the window.
    private func exactValue(
        _ read: AggregateRead, at now: Int64, tiles: FeatureValue
    ) -> FeatureValue {
        guard let exact = read.exact else { return tiles }
        let layout = group.recentLayouts[exact.list]
        let start = now - read.window
        let isFull = recents[exact.list].rows.count == group.recents[exact.list].rows
        guard !isFull || recents[exact.list].rows[0, layout.time] <= start else {
            return FeatureValue(
                tiles.number, Status(tiles.status.kind, tiles.status.flags.union(.approximate)))
        }
        let oldest = max(start + 1, group.recentRetentions[exact.list].oldest(at: now))
        let totals = recents[exact.list].totals(
            since: oldest, of: exact.value, read.aggregate.statistics, layout)
        let flags: Status.Flags = totals.isIncomplete ? .incomplete : []
        return totals.count >= read.aggregate.fewestEvents
            ? FeatureValue(totals.value(read.aggregate), Status(.present, flags))
            : FeatureValue(read.defaultValue, Status(.empty, flags))
    }
}

/// Reads the windows of one state. It looks at arrays in place, for taking out what holds arrays
/// counts references: the pointers are good as long as those who lent them hold the arrays.
private struct WindowPass {
    let tiles: UnsafeBufferPointer<Tiles>
    let counters: UnsafeBufferPointer<ReadPlan.Counter>
    let outputs: UnsafeBufferPointer<ReadPlan.Output>
    /// Of the counters of one window.
    let totals: UnsafeMutableBufferPointer<WindowTotals>
    let values: UnsafeMutableBufferPointer<FeatureValue>
    let now: Int64

    func read(_ window: ReadPlan.Window) {
        addUp(window)
        let marks = tiles[window.tier].marks(reach: now, window.bounds)
        for index in window.outputs {
            let output = outputs[index]
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
                    isIncomplete || tiles[window.tier].lateCount > 0
                    || tiles[window.tier].overflowed & measures(of: output, in: window) != 0
            }
            let flags: Status.Flags = isIncomplete ? .incomplete : []
            values[output.position] =
                count >= output.aggregate.fewestEvents
                ? FeatureValue(
                    total.value(output.aggregate) / Double(divisor), Status(.present, flags))
                : FeatureValue(output.defaultValue, Status(.empty, flags))
        }
    }

    /// The totals of the window's counters.
    private func addUp(_ window: ReadPlan.Window) {
        let (first, end) = AggregateRead.tiles(
            window.bounds, window: window.window, lag: window.lag, at: now)
        let start = tiles[window.tier].rows.firstRow(from: first)
        let rowCount = tiles[window.tier].rows.count
        let last =
            window.lag == nil
            ? rowCount : max(start, tiles[window.tier].rows.firstRow(from: end))
        let found: Void? = tiles[window.tier].rows.withCells { cells in
            for index in window.counters {
                totals.initializeElement(
                    at: index - window.counters.lowerBound,
                    to: WindowTotals(
                        cells, start..<last, counters[index].columns, counters[index].statistics))
            }
        }
        guard found == nil else { return }
        for index in window.counters {
            totals.initializeElement(
                at: index - window.counters.lowerBound, to: WindowTotals())
        }
    }

    /// A bit for each measure the feature depends on.
    private func measures(of output: ReadPlan.Output, in window: ReadPlan.Window) -> UInt64 {
        func bit(_ counter: Int) -> UInt64 {
            1 << UInt64(counters[window.counters.lowerBound + counter].measure)
        }
        return bit(output.counter) | (output.per < 0 ? 0 : bit(output.per))
    }
}
