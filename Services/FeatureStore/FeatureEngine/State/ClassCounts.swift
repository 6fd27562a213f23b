/// How often each class occurred in each tile, for one measure that counts by class.
struct ClassCounts: Hashable, Sendable {
    /// tile · 65,536 + class, ascending; and the count.
    private(set) var rows = ColumnTable(width: 2)

    static func key(tile: Int64, _ valueClass: Int64) -> Int64 { tile << 16 | valueClass }

    /// False if the counter stopped at its limit.
    mutating func count(tile: Int64, _ valueClass: Int64) -> Bool {
        let key = Self.key(tile: tile, valueClass)
        let row = rows.firstRow(from: key)
        if row == rows.count || rows[row, 0] != key {
            rows.insertRow(at: row)
            rows[row, 0] = key
        }
        return rows[row, 1].add(1)
    }

    mutating func removeTiles(before tile: Int64) {
        rows.removeFirst(rows.firstRow(from: Self.key(tile: tile, 0)))
    }

    mutating func append(tile: Int64, _ valueClass: Int64, count: Int64) {
        let row = rows.count
        rows.insertRow(at: row)
        rows[row, 0] = Self.key(tile: tile, valueClass)
        rows[row, 1] = count
    }

    /// The rows of the tiles from `first` up to and without `end`.
    func range(from first: Int64, to end: Int64) -> Range<Int> {
        let start = rows.firstRow(from: Self.key(tile: max(0, first), 0))
        let last =
            end > EngineEvent.latestTime
            ? rows.count
            : rows.firstRow(
                from: Self.key(tile: max(0, end), 0))
        return start..<max(start, last)
    }

    /// Adds the rows up by class, from 0 up to the greatest class of them; false if a count stopped
    /// at its limit.
    func add(_ range: Range<Int>, into counts: inout [Int64]) -> Bool {
        counts.removeAll(keepingCapacity: true)
        return rows.withCells { cells in
            let (keys, values) = (cells.column(0), cells.column(1))
            var greatest: Int64 = -1
            for row in range {
                greatest = max(greatest, keys[row] & Measure.Classes.maximum)
            }
            counts.append(contentsOf: repeatElement(0, count: Int(greatest + 1)))
            return counts.withUnsafeMutableBufferPointer { counts in
                var isWithin = true
                for row in range {
                    let valueClass = Int(keys[row] & Measure.Classes.maximum)
                    if !counts[valueClass].add(values[row]) { isWithin = false }
                }
                return isWithin
            }
        } ?? true
    }
}
