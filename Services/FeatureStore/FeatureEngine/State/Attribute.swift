/// The values of a field seen with an entity: merchants of a customer, cards of a device (R15).
public struct Attribute: Hashable, Sendable {
    public static let maximumExact = 1_024

    /// Each takes one value: a keyed hash, or a number as it is.
    public let sources: [Source]
    /// Of the values.
    public let kind: ValueKind
    /// Milliseconds by the state's clock since a value was last seen; nil is for ever.
    public let remember: Int64?
    /// Values kept as they are; beyond them there is a sketch too.
    public let exact: Int
    /// Base 2 logarithm of the sketch's registers: 8 or 10.
    public let sketchBits: Int

    public init(
        sources: [Source], kind: ValueKind = .hash, remember: Int64?, exact: Int, sketchBits: Int
    ) {
        precondition(sources.allSatisfy { $0.values.count == 1 })
        precondition((1...Self.maximumExact).contains(exact))
        precondition(sketchBits == 8 || sketchBits == 10)
        self.sources = sources
        self.kind = kind
        self.remember = remember
        self.exact = exact
        self.sketchBits = sketchBits
    }
}

/// What a state knows of an attribute: the values seen last, and a sketch once there were more.
///
/// The sketch goes as soon as the table is no longer full: the values that the table had to give
/// up were seen before any that it kept, so by then they are forgotten as well. What stays is that
/// the values of the table by then may have been given up once and come back.
struct AttributeValues: Hashable, Sendable {
    private enum Column {
        static let lastSeen = 1
        static let firstSeen = 2
        static let times = 3
    }

    /// Ascending by hash; times in seconds.
    private(set) var rows = ColumnTable(width: 4)
    private(set) var sketch: SlidingSketch?
    /// In seconds: values first seen until then may have been given up before, and come back. Nil if
    /// there are none, and while there is a sketch.
    private(set) var doubtfulUntil: Int64?

    var byteCount: Int { rows.byteCount + (sketch?.byteCount ?? 0) }

    /// Whether values may be known that the table does not hold.
    var hasOverflowed: Bool { sketch != nil }

    /// Whether a value that was first seen then may be older.
    func isDoubtful(firstSeen first: Int64) -> Bool {
        sketch != nil || doubtfulUntil.map { first <= $0 } ?? false
    }

    mutating func see(_ hash: UInt64, at milliseconds: Int64, _ feed: EventProgram.Feed) {
        let time = milliseconds / 1_000
        let key = hash.sortable
        let row = rows.firstRow(from: key)
        if row < rows.count, rows[row, 0] == key {
            rows[row, Column.lastSeen] = max(rows[row, Column.lastSeen], time)
            rows[row, Column.firstSeen] = min(rows[row, Column.firstSeen], time)
            _ = rows[row, Column.times].add(1)
            sketch?.insert(feed.sketched(hash), at: time)
            return
        }
        rows.insertRow(at: row)
        rows[row, 0] = key
        rows[row, Column.lastSeen] = time
        rows[row, Column.firstSeen] = time
        rows[row, Column.times] = 1
        if sketch != nil {
            sketch?.insert(feed.sketched(hash), at: time)
        } else if rows.count > feed.limit {
            var sketch = SlidingSketch(bits: feed.sketchBits)
            for row in rows.indices {
                sketch.insert(
                    feed.sketched(UInt64(sortable: rows[row, 0])), at: rows[row, Column.lastSeen])
            }
            self.sketch = sketch
            doubtfulUntil = nil
        }
        if rows.count > feed.limit { removeOldest() }
    }

    /// Of values seen last in the same second, the one with the smallest hash goes.
    private mutating func removeOldest() {
        var oldest = 0
        _ = rows.withCells { cells in
            let seen = cells.column(Column.lastSeen)
            var row = 1
            while row < rows.count {
                if seen[row] < seen[oldest] { oldest = row }
                row += 1
            }
        }
        rows.removeRow(at: oldest)
    }

    mutating func drop(before milliseconds: Int64, _ attribute: Attribute) {
        let oldest = milliseconds.floorDivided(by: 1_000)
        rows.keepRows(where: Column.lastSeen, isAtLeast: oldest)
        if sketch != nil, rows.count < attribute.exact {
            sketch = nil
            doubtfulUntil = rows.indices.map { rows[$0, Column.firstSeen] }.max()
        } else {
            sketch?.drop(before: oldest)
            if let doubtfulUntil, !isAnyFirstSeen(until: doubtfulUntil) { self.doubtfulUntil = nil }
        }
    }

    private func isAnyFirstSeen(until time: Int64) -> Bool {
        rows.indices.contains { rows[$0, Column.firstSeen] <= time }
    }

    // MARK: Reading

    /// See ``SlidingSketch/rankCounts(since:)``; only of an attribute that has a sketch.
    @inline(__always)
    func rankCounts(since starts: [Int64]) -> [Int32] { sketch?.rankCounts(since: starts) ?? [] }

    /// What is known of one value; times in seconds.
    struct Seen {
        let last: Int64
        let first: Int64
        let times: Int64
    }

    /// Nil if the value was not seen since `oldest`, in seconds.
    func seen(_ hash: UInt64, since oldest: Int64) -> Seen? {
        guard let row = rows.row(of: hash.sortable), rows[row, Column.lastSeen] >= oldest else {
            return nil
        }
        return Seen(
            last: rows[row, Column.lastSeen], first: rows[row, Column.firstSeen],
            times: rows[row, Column.times])
    }

    /// How many values of the table were seen since `start`, in seconds; and whether that is all:
    /// it is if a value of the table was seen before, for the table has those seen last.
    func count(since start: Int64) -> (count: Int, isExact: Bool) {
        let count =
            rows.withCells { cells in
                let seen = cells.column(Column.lastSeen)
                // The sign of the difference: a loop of which two rows or more go at once.
                var before: UInt64 = 0
                for row in 0..<rows.count {
                    before &+= UInt64(bitPattern: seen[row] &- start) >> 63
                }
                return rows.count - Int(before)
            } ?? 0
        return (count, sketch == nil || count < rows.count)
    }

    /// How many values of the table were first seen since `start` and last since `remembered`,
    /// both in seconds.
    func firstSeenCount(since start: Int64, remembered: Int64) -> Int {
        rows.withCells { cells in
            let (first, last) = (cells.column(Column.firstSeen), cells.column(Column.lastSeen))
            var count = 0
            for row in 0..<rows.count {
                count += first[row] >= start && last[row] >= remembered ? 1 : 0
            }
            return count
        } ?? 0
    }

    // MARK: Codec

    var maximumEncodedBytes: Int {
        20 + rows.count * 4 * BlobWriter.maximumVarint + (sketch?.maximumEncodedBytes ?? 0) + 20
    }

    /// The sketch; or, in the place of its registers, 0 and until when values are doubtful.
    func encodeSketch(to writer: inout BlobWriter, clock: Int64) {
        if let sketch {
            sketch.encode(to: &writer, clock: clock / 1_000)
        } else if let doubtfulUntil {
            writer.byte(0)
            writer.varint(clock / 1_000 - doubtfulUntil)
        }
    }

    func encode(to writer: inout BlobWriter, clock: Int64) {
        guard !rows.isEmpty else { return }
        writer.varint(UInt64(rows.count))
        for row in rows.indices {
            let last = rows[row, Column.lastSeen]
            writer.fixed(UInt64(sortable: rows[row, 0]))
            writer.varint(clock / 1_000 - last)
            writer.varint(last - rows[row, Column.firstSeen])
            writer.varint(rows[row, Column.times])
        }
    }

    mutating func decode(
        _ reader: inout BlobReader, _ attribute: borrowing Attribute, _ retention: Retention,
        clock: Int64
    ) throws(BlobError) {
        let count = try reader.rows(upTo: attribute.exact, bytes: 11)
        let oldest = retention.oldest(at: clock).floorDivided(by: 1_000)
        let now = clock / 1_000
        rows = ColumnTable(width: rows.width, rows: count)
        try rows.withMutableCells { cells throws(BlobError) in
            for row in 0..<count {
                let key = try reader.fixed64().sortable
                guard row == 0 || key > cells[row - 1, 0] else {
                    throw reader.failure(.notCanonical)
                }
                cells[row, 0] = key
                let last = try reader.time(before: now, from: oldest)
                cells[row, Column.lastSeen] = last
                cells[row, Column.firstSeen] = last - (try reader.count(in: 0...last))
                cells[row, Column.times] = try reader.count(in: 1...Int64.max)
            }
        }
    }

    /// After the rows: only a full table has a sketch.
    mutating func decodeSketch(
        _ reader: inout BlobReader, _ attribute: borrowing Attribute, _ retention: Retention,
        clock: Int64
    ) throws(BlobError) {
        if reader.isNextZero {
            _ = try reader.byte()
            let time = try reader.time(before: clock / 1_000, from: 0)
            guard isAnyFirstSeen(until: time) else { throw reader.failure(.notCanonical) }
            doubtfulUntil = time
            return
        }
        guard rows.count == attribute.exact else { throw reader.failure(.notCanonical) }
        let oldest = retention.oldest(at: clock).floorDivided(by: 1_000)
        var sketch = SlidingSketch(bits: attribute.sketchBits)
        try sketch.decode(&reader, clock: clock / 1_000, oldest: oldest)
        self.sketch = sketch
    }
}
