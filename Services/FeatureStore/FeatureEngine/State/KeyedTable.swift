/// The newest event of each key, with sums over all events of the key: documents of a customer,
/// payees of an account, cash flow by month.
public struct KeyedTable: Hashable, Sendable {
    public static let maximumRows = 1_024

    /// What one source adds to one sum.
    public struct Term: Hashable, Sendable {
        /// Position of the field that is added up; nil counts events.
        public let field: Int?
        /// The filter that must hold for it.
        public let filter: Int?

        public init(field: Int? = nil, filter: Int? = nil) {
            self.field = field
            self.filter = filter
        }
    }

    /// Their values are the key, then the table's values, in order.
    public let sources: [Source]
    /// For each source, what it adds to each sum; nil if nothing.
    public let terms: [[Term?]]
    public let values: [ValueKind]
    /// Rows kept at most: those of the newest events.
    public let rows: Int
    /// Milliseconds by the state's clock since the newest event of a key; nil is for ever.
    public let remember: Int64?

    var layout: ValueLayout {
        ValueLayout(time: 1, kinds: values, sums: terms.first?.count ?? 0)
    }

    public init(
        sources: [Source], terms: [[Term?]] = [], values: [ValueKind], rows: Int,
        remember: Int64? = nil
    ) {
        precondition(sources.allSatisfy { $0.values.count == values.count + 1 })
        precondition(terms.isEmpty || terms.count == sources.count)
        precondition(terms.allSatisfy { $0.count == terms[0].count })
        precondition((1...Self.maximumRows).contains(rows))
        self.sources = sources
        self.terms = terms
        self.values = values
        self.rows = rows
        self.remember = remember
    }
}

/// The rows of a table, ascending by key.
struct TableRows: Hashable, Sendable {
    private(set) var rows: ColumnTable

    init(_ layout: ValueLayout) { rows = ColumnTable(width: layout.width) }

    mutating func add(_ event: EngineEvent, sequence: UInt64, _ feed: EventProgram.Feed) {
        let source = feed.source
        let layout = feed.layout
        guard let word = source.value(0, of: event) else { return }
        let key = UInt64(bitPattern: word).sortable
        let row = rows.firstRow(from: key)
        let isKnown = row < rows.count && rows[row, 0] == key
        if !isKnown {
            // The key may have been given up before, and come back: what it counted then is gone.
            let isPartial = rows.count == feed.limit && layout.sums > 0
            rows.insertRow(at: row)
            rows[row, 0] = key
            if isPartial { rows[row, layout.isPartial] = 1 }
        }
        if !isKnown || !rows.isNewer(row, layout, time: event.time, sequence: sequence) {
            rows.set(row, layout, event, sequence: sequence, source, first: 1)
        }
        for (index, term) in feed.terms.enumerated() {
            guard let term, term.filter.map(event.filters.contains) ?? true else { continue }
            guard let value = term.field.map({ event.values[$0] }) ?? 1 else { continue }
            // One that stopped at its limit stays there, so that a read can tell (R12).
            let column = layout.sum(index)
            if !rows[row, column].isLimit { _ = rows[row, column].add(value) }
        }
        if rows.count > feed.limit { removeOldest(layout) }
    }

    private mutating func removeOldest(_ layout: ValueLayout) {
        var oldest = 0
        for row in rows.indices.dropFirst()
        where rows.isNewer(
            oldest, layout, time: rows[row, layout.time],
            sequence: UInt64(rows[row, layout.sequence]))
        {
            oldest = row
        }
        rows.removeRow(at: oldest)
    }

    mutating func drop(before oldest: Int64, _ layout: ValueLayout) {
        rows.keepRows(where: layout.time, isAtLeast: oldest)
    }

    // MARK: Codec

    func encode(to writer: inout BlobWriter, _ layout: ValueLayout, clock: Int64, highest: UInt64) {
        guard !rows.isEmpty else { return }
        writer.varint(UInt64(rows.count))
        for row in rows.indices {
            writer.fixed(UInt64(sortable: rows[row, 0]))
            writer.varint(clock - rows[row, layout.time])
            writer.varint(highest - UInt64(rows[row, layout.sequence]))
            rows.encodeValues(row, layout, to: &writer)
            for sum in 0..<layout.sums { writer.zigzag(rows[row, layout.sum(sum)]) }
        }
        encodePartial(to: &writer, layout)
    }

    /// A bit for each row, the first the lowest of its byte; nothing if none is set.
    private func encodePartial(to writer: inout BlobWriter, _ layout: ValueLayout) {
        guard layout.sums > 0, rows.indices.contains(where: { rows[$0, layout.isPartial] != 0 })
        else { return }
        for first in stride(from: 0, to: rows.count, by: 8) {
            var bits: UInt8 = 0
            for row in first..<min(first + 8, rows.count) where rows[row, layout.isPartial] != 0 {
                bits |= 1 << UInt8(row - first)
            }
            writer.byte(bits)
        }
    }

    mutating func decode(
        _ reader: inout BlobReader, _ table: borrowing KeyedTable, _ layout: ValueLayout,
        from oldest: Int64, clock: Int64, highest: UInt64
    ) throws(BlobError) {
        let count = try reader.rows(upTo: table.rows, bytes: 10)
        rows = ColumnTable(width: layout.width, rows: count)
        try rows.withMutableCells { cells throws(BlobError) in
            for row in 0..<count {
                let key = try reader.fixed64().sortable
                guard row == 0 || key > cells[row - 1, 0] else {
                    throw reader.failure(.notCanonical)
                }
                cells[row, 0] = key
                cells[row, layout.time] = try reader.time(before: clock, from: oldest)
                cells[row, layout.sequence] = try reader.sequence(to: highest)
                try cells.decodeValues(row, layout, &reader)
                for sum in 0..<layout.sums { cells[row, layout.sum(sum)] = try reader.zigzag() }
            }
        }
        try decodePartial(&reader, layout)
    }

    private mutating func decodePartial(
        _ reader: inout BlobReader, _ layout: ValueLayout
    ) throws(BlobError) {
        guard !reader.isAtEnd, layout.sums > 0 else { return }
        var isAny = false
        for first in stride(from: 0, to: rows.count, by: 8) {
            let bits = try reader.byte()
            guard rows.count - first >= 8 || bits >> UInt8(rows.count - first) == 0 else {
                throw reader.failure(.notCanonical)
            }
            isAny = isAny || bits != 0
            for row in first..<min(first + 8, rows.count) {
                rows[row, layout.isPartial] = Int64(bits >> UInt8(row - first) & 1)
            }
        }
        guard isAny else { throw reader.failure(.notCanonical) }
    }
}

extension Int64 {
    /// Whether a sum had to stop here.
    var isLimit: Bool { self == .max || self == .min }
}
