extension FeatureState {
    /// The register's row at `time`; nil if it holds none that is remembered.
    public func register(_ index: Int, at time: Int64) -> StoredRow? {
        let layout = group.registerLayouts[index]
        guard !registers.isEmpty(index, layout) else { return nil }
        let row = StoredRow(rows: registers.rows, row: index, layout: layout)
        let oldest = group.registerRetentions[index].oldest(at: readTime(time))
        return row.time >= oldest ? row : nil
    }

    /// The rows of a table at `time`.
    public func table(_ index: Int, at time: Int64) -> StoredRows {
        StoredRows(
            rows: tables[index].rows, layout: group.tableLayouts[index],
            oldest: group.tableRetentions[index].oldest(at: readTime(time)),
            isFull: tables[index].rows.count == group.tables[index].rows)
    }

    /// The rows of a recent list at `time`.
    public func recent(_ index: Int, at time: Int64) -> StoredRows {
        StoredRows(
            rows: recents[index].rows, layout: group.recentLayouts[index],
            oldest: group.recentRetentions[index].oldest(at: readTime(time)),
            isFull: recents[index].rows.count == group.recents[index].rows)
    }

    /// How often each class occurred in a window, for a measure that counts by class and a tier
    /// that keeps it: `share`, `smoothed_share` and `rank` are made from it.
    public func classes(
        of measure: Int, tier: Int, window: Int64, lag: Int64? = nil, at time: Int64
    ) -> (counts: [(class: Int64, count: Int64)], status: Status) {
        var counts: [Int64] = []
        let status = self.counts(
            of: measure, tier: tier, window: window, lag: lag, at: time, into: &counts)
        return (
            counts.indices.filter { counts[$0] != 0 }.map { (Int64($0), counts[$0]) }, status
        )
    }

    /// The same, by class from 0 on up to the greatest that occurred.
    func counts(
        of measure: Int, tier: Int, window: Int64, lag: Int64?, at time: Int64,
        into counts: inout [Int64]
    ) -> Status {
        let tiles = tiles[tier]
        let now = readTime(time)
        let columns = group.layouts[tier].columns[measure]
        precondition(columns.classes >= 0, "the measure does not count by class there")
        let known = tiles.classes[Int(columns.classes)]
        let (first, end) = AggregateRead.tiles(
            group.tiers[tier], window: window, lag: lag, at: now)
        let range = known.range(from: first, to: end)
        var isIncomplete =
            tiles.marks(reach: now, group.tiers[tier])
            && (tiles.lateCount > 0 || tiles.overflowed >> UInt64(measure) & 1 == 1)
        if !known.add(range, into: &counts) { isIncomplete = true }
        return Status(range.isEmpty ? .empty : .present, isIncomplete ? .incomplete : [])
    }

    // MARK: Features of registers

    func value(_ read: RegisterRead, at now: Int64) -> FeatureValue {
        guard let row = register(read.register, at: now) else {
            let isSnapshot = group.registers[read.register].isSnapshot
            return FeatureValue(read.defaultValue, Status(isSnapshot ? .absent : .empty))
        }
        let age = now - row.time
        let number: Double? =
            switch read.aspect {
            case .value(let index): row.number(index)
            case .secondsSince: Double(age / 1_000)
            case .daysSince: Double(age / 86_400_000)
            }
        let flags = group.registers[read.register].flags(of: row, at: now)
        guard let number else { return FeatureValue(read.defaultValue, Status(.absent, flags)) }
        return FeatureValue(number, Status(.present, flags))
    }
}

extension Register {
    /// What is to be said of all values of a row.
    public func flags(of row: StoredRow, at now: Int64) -> Status.Flags {
        var flags: Status.Flags = []
        if let maximumAge, now - row.time > maximumAge { flags.insert(.stale) }
        if let incompleteValue, row.value(incompleteValue) ?? 0 != 0 { flags.insert(.incomplete) }
        return flags
    }
}
