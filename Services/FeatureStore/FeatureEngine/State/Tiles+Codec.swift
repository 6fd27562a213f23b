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
        var tile: Int64 = 0
        for row in 0..<count {
            tile += try reader.count(in: row == 0 ? oldest...newest : 1...max(1, newest - tile))
            guard tile <= newest else { throw reader.failure(.outOfRange) }
            var present = try reader.varint()
            guard present != 0, present & ~layout.measures == 0 else {
                throw reader.failure(.outOfRange)
            }
            appendRow(tile, layout)
            while present != 0 {
                try decodeMeasure(&reader, layout.columns[present.trailingZeroBitCount])
                present &= present - 1
            }
        }
    }

    /// Into the last row.
    private mutating func decodeMeasure(
        _ reader: inout BlobReader, _ columns: MeasureColumns
    ) throws(BlobError) {
        let count = try reader.count(in: 1...Int64.max)
        set(columns.count, to: count)
        if columns.classes >= 0 {
            return try decodeClasses(&reader, columns.classes, count: count)
        }
        guard columns.sum >= 0 else { return }
        let sum = try reader.zigzag()
        set(columns.sum, to: sum)
        let isOne = count == 1
        if columns.max >= 0 { set(columns.max, to: isOne ? sum : try reader.zigzag()) }
        if columns.min >= 0 { set(columns.min, to: isOne ? sum : try reader.zigzag()) }
        if columns.logarithms >= 0 {
            let one = Logarithm.ln1024(sum)
            let range = 0...Int64.max
            set(columns.logarithms, to: isOne ? one : try reader.count(in: range))
            set(columns.logarithms + 1, to: isOne ? one * one : try reader.count(in: range))
        }
    }

    /// Every event has a class: the classes' counts add up to the measure's.
    private mutating func decodeClasses(
        _ reader: inout BlobReader, _ index: Int16, count: Int64
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
            appendClass(index, valueClass, count: part)
        }
        guard left == 0 else { throw reader.failure(.notCanonical) }
    }
}

extension ClassCounts {
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
