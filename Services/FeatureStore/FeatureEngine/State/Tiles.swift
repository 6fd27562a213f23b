/// The tiles of one tier of one state, ascending, only those that hold something.
struct Tiles: Hashable, Sendable {
    /// The tile's index, then the columns of the tier's layout.
    private(set) var rows: ColumnTable
    private(set) var classes: [ClassCounts]
    /// Events that came after their tile had left the tier.
    var lateCount: UInt64 = 0
    /// Bit m: a counter of measure m stopped at its limit.
    var overflowed: UInt64 = 0
    /// The clock when something was last late or overflowed; 0 if both are 0.
    var markedAt: Int64 = 0

    init(_ layout: TierLayout) {
        rows = ColumnTable(width: layout.width)
        classes = [ClassCounts](repeating: ClassCounts(), count: layout.classCount)
    }

    var byteCount: Int { classes.reduce(rows.byteCount + 64) { $0 + $1.rows.byteCount } }

    /// Drops tiles and marks that no window can reach any more once the clock is `clock`.
    mutating func advance(to clock: Int64, _ tier: Tier) {
        let oldest = tier.oldestTile(at: clock, length: tier.span)
        if !rows.isEmpty, rows[0, 0] < oldest {
            rows.removeFirst(rows.firstRow(from: oldest))
            for index in classes.indices { classes[index].removeTiles(before: oldest) }
        }
        guard isMarked, !marks(reach: clock, tier) else { return }
        lateCount = 0
        overflowed = 0
        markedAt = 0
    }

    var isMarked: Bool { lateCount != 0 || overflowed != 0 }

    /// Whether the tier has not yet turned over since it was marked (R6, R12).
    func marks(reach clock: Int64, _ tier: Tier) -> Bool {
        isMarked && clock - markedAt < tier.span + tier.hop
    }

    // MARK: Counting

    /// Counts an event in every measure that takes it. The clock is not before any time.
    mutating func add(
        _ taken: UnsafeMutableBufferPointer<Taken>, layout: TierLayout, clock: Int64
    ) {
        var place: (time: Int64, tile: Int64, row: Int)?
        var isLate = false
        for take in taken {
            let columns = layout.columns[take.measure]
            guard columns.isKept else { continue }
            if place?.time != take.time {
                let tile = take.time.floorDivided(by: layout.tier.hop)
                guard tile >= layout.tier.oldestTile(at: clock, length: layout.tier.span) else {
                    isLate = true
                    continue
                }
                place = (take.time, tile, makeRow(tile, layout))
            }
            guard let place else { continue }
            var isExact = count(take, columns, row: place.row)
            if columns.classes >= 0 {
                isExact =
                    classes[Int(columns.classes)].count(tile: place.tile, take.valueClass)
                    && isExact
            }
            if !isExact {
                overflowed |= 1 << UInt64(take.measure)
                markedAt = max(markedAt, clock)
            }
        }
        guard isLate else { return }
        lateCount += lateCount < UInt64(Int64.max) ? 1 : 0
        markedAt = max(markedAt, clock)
    }

    /// The tile's row, which is made if it is not there. New tiles come last, mostly.
    private mutating func makeRow(_ tile: Int64, _ layout: TierLayout) -> Int {
        let count = rows.count
        if count > 0, rows[count - 1, 0] == tile { return count - 1 }
        let isNewest = count == 0 || rows[count - 1, 0] < tile
        let row = isNewest ? count : rows.firstRow(from: tile)
        if row < count, rows[row, 0] == tile { return row }
        insertRow(tile, at: row, layout)
        return row
    }

    private mutating func insertRow(_ tile: Int64, at row: Int, _ layout: TierLayout) {
        rows.insertRow(at: row)
        rows.withRow(row) { cell, pitch in
            for (column, empty) in layout.emptyRow.enumerated() { cell[column * pitch] = empty }
            cell[0] = tile
        }
    }

    /// False if a counter stopped at its limit.
    @inline(__always)
    private mutating func count(_ take: Taken, _ columns: MeasureColumns, row: Int) -> Bool {
        var isExact = true
        rows.withRow(row) { cell, pitch in
            isExact = cell[Int(columns.count) * pitch].add(1)
            guard columns.sum >= 0 else { return }
            isExact = cell[Int(columns.sum) * pitch].add(take.value) && isExact
            if columns.max >= 0 {
                let cell = cell + Int(columns.max) * pitch
                cell.pointee = Swift.max(cell.pointee, take.value)
            }
            if columns.min >= 0 {
                let cell = cell + Int(columns.min) * pitch
                cell.pointee = Swift.min(cell.pointee, take.value)
            }
            if columns.logarithms >= 0 {
                let cell = cell + Int(columns.logarithms) * pitch
                isExact = cell[0].add(take.logarithm) && isExact
                isExact = cell[pitch].add(take.logarithm * take.logarithm) && isExact
            }
        }
        return isExact
    }

    // MARK: Decoding

    /// Takes this many tiles without events in place of those it has; `fill` numbers them, and sets
    /// what events have changed.
    @inline(__always)
    mutating func refill<E: Error>(
        _ count: Int, _ layout: TierLayout,
        _ fill: (ColumnTable.MutableCells, inout [ClassCounts]) throws(E) -> Void
    ) throws(E) {
        var filled = ColumnTable(width: layout.width, rows: count)
        try filled.withMutableCells { cells throws(E) in
            for (column, empty) in layout.emptyColumns {
                for row in 0..<count { cells[row, column] = empty }
            }
            try fill(cells, &classes)
        }
        rows = filled
    }
}
