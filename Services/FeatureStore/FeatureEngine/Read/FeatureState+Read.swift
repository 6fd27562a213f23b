extension FeatureState {
    /// The time a read at `time` holds for: no stored event is later (R2).
    public func readTime(_ time: Int64) -> Int64 { max(time, clock) }

    /// The values of the plan's features at `time`, in the plan's order.
    public func read(_ plan: ReadPlan, at time: Int64) -> [FeatureValue] {
        var values = [FeatureValue](repeating: FeatureValue(0, Status(.empty)), count: plan.count)
        let now = readTime(time)
        var first = 0
        var placed: (tier: Int, window: Int64)?
        for pass in plan.passes {
            let layout = group.layouts[pass.tier]
            let tiles = tiles[pass.tier]
            if placed == nil || placed! != (pass.tier, pass.window) {
                first = tiles.firstRow(
                    from: layout.tier.oldestTile(at: now, length: pass.window), layout)
                placed = (pass.tier, pass.window)
            }
            let totals = tiles.totals(of: pass.columns, from: first, stride: layout.stride)
            let marked =
                tiles.marks(reach: now, layout.tier)
                && (tiles.lateCount > 0
                    || tiles.overflowed >> UInt64(pass.columns.measure) & 1 == 1)
            for (position, read) in pass.reads {
                values[position] = totals.value(of: read, isIncomplete: marked)
            }
        }
        return values
    }
}

/// What the tiles of a window add up to.
struct WindowTotals {
    var count = SaturatingSum()
    var sum = SaturatingSum()
    var maximum = Int64.min

    func value(of read: AggregateRead, isIncomplete: Bool) -> FeatureValue {
        guard count.value > 0 else {
            return FeatureValue(read.defaultValue, Status(.empty, incomplete: isIncomplete))
        }
        let isIncomplete = isIncomplete || count.overflowed || sum.overflowed
        let number: Double =
            switch read.aggregate {
            case .count: Double(count.value)
            case .sum: Double(sum.value)
            case .average: Double(sum.value) / Double(count.value)
            case .maximum: Double(maximum)
            }
        return FeatureValue(number, Status(.present, incomplete: isIncomplete))
    }
}

extension Tiles {
    func totals(of columns: Columns, from row: Int, stride: Int) -> WindowTotals {
        var totals = WindowTotals()
        cells.withUnsafeBufferPointer { cells in
            var start = row * stride
            while start < cells.count {
                let count = cells[start + columns.count]
                if count > 0 {
                    totals.count.add(count)
                    if let sum = columns.sum { totals.sum.add(cells[start + sum]) }
                    if let max = columns.max {
                        totals.maximum = Swift.max(totals.maximum, cells[start + max])
                    }
                }
                start += stride
            }
        }
        return totals
    }
}
