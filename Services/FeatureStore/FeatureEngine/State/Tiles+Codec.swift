internal import RuleLanguage

extension Tiles {
    var maximumEncodedBytes: Int {
        let numbers = classes.reduce(rows.count * (rows.width + 2 + classes.count)) {
            $0 + $1.rows.count * 2
        }
        return 2 * BlobWriter.maximumVarint + numbers * BlobWriter.maximumVarint
    }

    func encode(to writer: inout BlobWriter, _ layout: TierLayout) {
        _ = rows.withCells { cells in
            writer.varint(UInt64(rows.count))
            var previous: Int64 = 0
            for row in 0..<rows.count {
                let tile = cells.start[row]
                writer.varint(tile - previous)
                previous = tile
                var present: UInt64 = 0
                for measure in layout.kept
                where cells.column(Int(layout.columns[measure].count))[row] > 0 {
                    present |= 1 << UInt64(measure)
                }
                writer.varint(present)
                while present != 0 {
                    let columns = layout.columns[present.trailingZeroBitCount]
                    present &= present - 1
                    encode(cells, row, columns, to: &writer)
                    if columns.classes >= 0 {
                        classes[Int(columns.classes)].encode(tile: tile, to: &writer)
                    }
                }
            }
        }
    }

    @inline(__always)
    private func encode(
        _ cells: ColumnTable.Cells, _ row: Int, _ columns: MeasureColumns,
        to writer: inout BlobWriter
    ) {
        func cell(_ column: Int16) -> Int64 { cells.column(Int(column))[row] }
        let count = cell(columns.count)
        writer.varint(count)
        guard columns.sum >= 0 else { return }
        writer.zigzag(cell(columns.sum))
        // Of one value, everything else follows from the sum.
        guard count > 1 else { return }
        if columns.max >= 0 { writer.zigzag(cell(columns.max)) }
        if columns.min >= 0 { writer.zigzag(cell(columns.min)) }
        if columns.logarithms >= 0 {
            writer.varint(cell(columns.logarithms))
            writer.varint(cell(columns.logarithms + 1))
        }
    }

    mutating func decode(
        _ reader: inout BlobReader, _ layout: TierLayout, clock: Int64
    ) throws(BlobError) {
        let tier = layout.tier
        let oldest = max(0, tier.oldestTile(at: clock, length: tier.span))
        let newest = clock.floorDivided(by: tier.hop)
        let count = try reader.rows(upTo: Int(newest - oldest + 1), bytes: 3)
        try refill(count, layout) { cells, classes throws(BlobError) in
            var tile: Int64 = 0
            for row in 0..<count {
                let steps = row == 0 ? oldest...newest : 1...max(1, newest - tile)
                tile += try reader.count(in: steps)
                guard tile <= newest else { throw reader.failure(.outOfRange) }
                cells[row, 0] = tile
                var present = try reader.varint()
                guard present != 0, present & ~layout.measures == 0 else {
                    throw reader.failure(.outOfRange)
                }
                while present != 0 {
                    let columns = layout.columns[present.trailingZeroBitCount]
                    present &= present - 1
                    let count = try Self.decode(&reader, columns, cells, row)
                    guard columns.classes >= 0 else { continue }
                    try classes[Int(columns.classes)].decode(&reader, tile: tile, count: count)
                }
            }
        }
    }

    /// Returns how many events the measure has counted.
    @inline(__always)
    private static func decode(
        _ reader: inout BlobReader, _ columns: MeasureColumns, _ cells: ColumnTable.MutableCells,
        _ row: Int
    ) throws(BlobError) -> Int64 {
        let count = try reader.count(in: 1...Int64.max)
        cells[row, Int(columns.count)] = count
        guard columns.sum >= 0 else { return count }
        let sum = try reader.zigzag()
        cells[row, Int(columns.sum)] = sum
        let isOne = count == 1
        if columns.max >= 0 { cells[row, Int(columns.max)] = isOne ? sum : try reader.zigzag() }
        if columns.min >= 0 { cells[row, Int(columns.min)] = isOne ? sum : try reader.zigzag() }
        if columns.logarithms >= 0 {
            let column = Int(columns.logarithms)
            if isOne {
                let one = Logarithm.ln1024(sum)
                cells[row, column] = one
                cells[row, column + 1] = one * one
            } else {
                cells[row, column] = try reader.count(in: 0...Int64.max)
                cells[row, column + 1] = try reader.count(in: 0...Int64.max)
            }
        }
        return count
    }
}

extension ClassCounts {
    /// Of a tile behind all others. Every event has a class: the classes' counts add up to `count`.
    fileprivate mutating func decode(
        _ reader: inout BlobReader, tile: Int64, count: Int64
    ) throws(BlobError) {
        let classes = try reader.rows(upTo: Int(Measure.Classes.maximum) + 1, bytes: 2)
        var valueClass: Int64 = 0
        var left = count
        for row in 0..<classes {
            let step = try reader.count(in: (row == 0 ? 0 : 1)...Measure.Classes.maximum)
            valueClass += step
            guard valueClass <= Measure.Classes.maximum else { throw reader.failure(.outOfRange) }
            let part = try reader.count(in: 1...Int64.max)
            guard part <= left else { throw reader.failure(.outOfRange) }
            left -= part
            append(tile: tile, valueClass, count: part)
        }
        guard left == 0 else { throw reader.failure(.notCanonical) }
    }

    fileprivate func encode(tile: Int64, to writer: inout BlobWriter) {
        let range = range(from: tile, to: tile + 1)
        writer.varint(UInt64(range.count))
        var previous: Int64 = 0
        for row in range {
            let valueClass = rows[row, 0] & Measure.Classes.maximum
            writer.varint(valueClass - previous)
            writer.varint(rows[row, 1])
            previous = valueClass
        }
    }
}
