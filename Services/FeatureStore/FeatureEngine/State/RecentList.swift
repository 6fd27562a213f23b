/// The newest events of a kind, with some of their values.
public struct RecentList: Hashable, Sendable {
    public static let maximumRows = 256

    /// Their values are the list's, in order.
    public let sources: [Source]
    public let values: [ValueKind]
    /// Rows kept at most.
    public let rows: Int
    /// Milliseconds by the state's clock; nil is for ever.
    public let remember: Int64?

    public init(sources: [Source], values: [ValueKind], rows: Int, remember: Int64? = nil) {
        precondition(sources.allSatisfy { $0.values.count == values.count })
        precondition((1...Self.maximumRows).contains(rows))
        self.sources = sources
        self.values = values
        self.rows = rows
        self.remember = remember
    }
}

/// The rows of a recent list, ascending by time and sequence.
struct RecentRows: Hashable, Sendable {
    private(set) var rows: ColumnTable

    init(_ layout: ValueLayout) { rows = ColumnTable(width: layout.width) }

    mutating func add(_ event: EngineEvent, sequence: UInt64, _ feed: EventProgram.Feed) {
        let layout = feed.layout
        var row = rows.count
        while row > 0, rows.isNewer(row - 1, layout, time: event.time, sequence: sequence) {
            row -= 1
        }
        if rows.count == feed.limit {
            guard row > 0 else { return }
            rows.removeFirst(1)
            row -= 1
        }
        rows.insertRow(at: row)
        rows.set(row, layout, event, sequence: sequence, feed.source, first: 0)
    }

    mutating func drop(before oldest: Int64) { rows.removeFirst(rows.firstRow(from: oldest)) }

    /// What the rows from a time on add up to: those that have the value, or all if it is nil.
    func totals(
        since oldest: Int64, of value: Int?, _ statistics: Measure.Statistics, _ layout: ValueLayout
    ) -> WindowTotals {
        var totals = WindowTotals()
        _ = rows.withCells { cells in
            let times = cells.column(layout.time)
            var row = rows.count
            guard let value else {
                while row > 0, times[row - 1] >= oldest { row -= 1 }
                totals.count = Int64(rows.count - row)
                return
            }
            let (present, values) = (
                cells.column(layout.present), cells.column(layout.value(value))
            )
            while row > 0, times[row - 1] >= oldest {
                row -= 1
                if present[row] >> Int64(value) & 1 == 1 { totals.add(values[row], statistics) }
            }
        }
        return totals
    }

    // MARK: Codec

    func encode(to writer: inout BlobWriter, _ layout: ValueLayout, clock: Int64, highest: UInt64) {
        guard !rows.isEmpty else { return }
        writer.varint(UInt64(rows.count))
        var later = clock
        for row in rows.indices.reversed() {
            writer.varint(later - rows[row, layout.time])
            writer.varint(highest - UInt64(rows[row, layout.sequence]))
            rows.encodeValues(row, layout, to: &writer)
            later = rows[row, layout.time]
        }
    }

    mutating func decode(
        _ reader: inout BlobReader, _ list: borrowing RecentList, _ layout: ValueLayout,
        from oldest: Int64, clock: Int64, highest: UInt64
    ) throws(BlobError) {
        let count = try reader.rows(upTo: list.rows, bytes: 2)
        rows = ColumnTable(width: layout.width, rows: count)
        try rows.withMutableCells { cells throws(BlobError) in
            var later = clock
            for row in (0..<count).reversed() {
                let time = try reader.time(before: later, from: oldest)
                let sequence = try reader.sequence(to: highest)
                if row < count - 1, time == later {
                    // Of one time, descending by sequence; one event may come from two sources.
                    guard sequence <= cells[row + 1, layout.sequence] else {
                        throw reader.failure(.notCanonical)
                    }
                }
                cells[row, layout.time] = time
                cells[row, layout.sequence] = sequence
                try cells.decodeValues(row, layout, &reader)
                later = time
            }
        }
    }
}
