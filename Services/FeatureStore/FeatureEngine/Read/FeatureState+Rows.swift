extension FeatureState {
    /// The register's row at `time`; nil if it holds none that is remembered.
    public func register(_ index: Int, at time: Int64) -> StoredRow? {
        let layout = group.registerLayouts[index]
        guard !registers.isEmpty(index, layout) else { return nil }
        let row = StoredRow(rows: registers.rows, row: index, layout: layout)
        let oldest = Retention(group.registers[index].remember).oldest(at: readTime(time))
        return row.time >= oldest ? row : nil
    }

    /// The rows of a table at `time`.
    public func table(_ index: Int, at time: Int64) -> StoredRows {
        let table = group.tables[index]
        return StoredRows(
            rows: tables[index].rows, layout: group.tableLayouts[index],
            oldest: Retention(table.remember).oldest(at: readTime(time)),
            isFull: tables[index].rows.count == table.rows)
    }

    /// The rows of a recent list at `time`.
    public func recent(_ index: Int, at time: Int64) -> StoredRows {
        let list = group.recents[index]
        return StoredRows(
            rows: recents[index].rows, layout: group.recentLayouts[index],
            oldest: Retention(list.remember).oldest(at: readTime(time)),
            isFull: recents[index].rows.count == list.rows)
    }

    /// How often each class occurred in a window, for a measure that counts by class and a tier
    /// that keeps it: `share`, `smoothed_share` and `rank` are made from it.
    public func classes(
        of measure: Int, tier: Int, window: Int64, at time: Int64
    ) -> (counts: [(class: Int64, count: Int64)], status: Status) {
        let tiles = tiles[tier]
        let now = readTime(time)
        let columns = group.layouts[tier].columns[measure]
        precondition(columns.classes >= 0, "the measure does not count by class there")
        let counts = tiles.classes[Int(columns.classes)]
        let range = counts.range(
            from: group.tiers[tier].oldestTile(at: now, length: window), to: .max)
        var totals: [Int64: Int64] = [:]
        var isIncomplete =
            tiles.marks(reach: now, group.tiers[tier])
            && (tiles.lateCount > 0 || tiles.overflowed >> UInt64(measure) & 1 == 1)
        for row in range {
            let valueClass = counts.rows[row, 0] & Measure.Classes.maximum
            if !totals[valueClass, default: 0].add(counts.rows[row, 1]) { isIncomplete = true }
        }
        return (
            totals.sorted { $0.key < $1.key }.map { (class: $0.key, count: $0.value) },
            Status(totals.isEmpty ? .empty : .present, isIncomplete ? .incomplete : [])
        )
    }

    // MARK: Features of registers

    func value(_ read: RegisterRead, at now: Int64) -> FeatureValue {
        let declared = group.registers[read.register]
        guard let row = register(read.register, at: now) else {
            return FeatureValue(
                read.defaultValue, Status(declared.isSnapshot ? .absent : .empty))
        }
        let age = now - row.time
        let isStale = declared.maximumAge.map { age > $0 } ?? false
        let number: Double? =
            switch read.aspect {
            case .value(let index): row.number(index)
            case .secondsSince: Double(age / 1_000)
            case .daysSince: Double(age / 86_400_000)
            }
        let flags: Status.Flags = isStale ? .stale : []
        guard let number else { return FeatureValue(read.defaultValue, Status(.absent, flags)) }
        return FeatureValue(number, Status(.present, flags))
    }
}
