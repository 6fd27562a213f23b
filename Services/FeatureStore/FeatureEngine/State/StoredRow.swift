/// A row as the state holds it: the values of one event of a register, a table or a recent list.
public struct StoredRow: Sendable {
    let rows: ColumnTable
    let row: Int
    let layout: ValueLayout

    /// Event time, milliseconds since 1970.
    public var time: Int64 { rows[row, layout.time] }
    public var sequence: UInt64 { UInt64(rows[row, layout.sequence]) }

    /// The word of a value (``ValueKind``), or nil if the event lacked it.
    public func value(_ index: Int) -> Int64? {
        precondition(index < layout.kinds.count)
        guard rows[row, layout.present] >> Int64(index) & 1 == 1 else { return nil }
        return rows[row, layout.value(index)]
    }

    /// The value as a number; nil if there is none, or if it is a hash or a place.
    public func number(_ index: Int) -> Double? {
        value(index).flatMap(layout.kinds[index].number)
    }

    /// A sum over all events of the row's key; Int64's limit if it had to stop there.
    public func sum(_ index: Int) -> Int64 {
        precondition(index < layout.sums)
        return rows[row, layout.sum(index)]
    }

    /// Whether its sums may lack a part: the table may have given the key up before.
    public var isPartial: Bool { layout.sums > 0 && rows[row, layout.isPartial] != 0 }
}

/// The remembered rows of a table or a recent list at the time of a read.
public struct StoredRows: Sendable {
    let rows: ColumnTable
    let layout: ValueLayout
    /// Rows before this time are no longer remembered.
    let oldest: Int64
    /// The list has as many rows as it may: older ones may have been dropped, so that what is said
    /// of all rows, or of one that is not there, is incomplete. The newest rows are right.
    public let isFull: Bool

    public var positions: Range<Int> { 0..<rows.count }

    /// The row at a position: of a table ascending by key, of a list by time. Nil if it is no
    /// longer remembered.
    public func row(_ position: Int) -> StoredRow? {
        let row = StoredRow(rows: rows, row: position, layout: layout)
        return row.time >= oldest ? row : nil
    }

    /// The position of the row of a table's key.
    func position(key: UInt64) -> Int? {
        precondition(layout.time == 1, "only tables have keys")
        let position = rows.firstRow(from: key.sortable)
        guard position < rows.count, rows[position, 0] == key.sortable else { return nil }
        return isRemembered(position) ? position : nil
    }

    func isRemembered(_ position: Int) -> Bool { rows[position, layout.time] >= oldest }

    /// R14, by position.
    func isOlder(_ position: Int, than other: Int) -> Bool {
        rows.isNewer(
            other, layout, time: rows[position, layout.time],
            sequence: UInt64(rows[position, layout.sequence]))
    }

    /// All rows, newest first (R14).
    public func newestFirst() -> [StoredRow] {
        positions.compactMap(row).sorted { ($0.time, $0.sequence) > ($1.time, $1.sequence) }
    }

    /// The key of the row at a position of a table.
    public func key(_ position: Int) -> UInt64 {
        precondition(layout.time == 1, "only tables have keys")
        return UInt64(sortable: rows[position, 0])
    }

    /// The row of a table's key.
    public func row(key: UInt64) -> StoredRow? {
        precondition(layout.time == 1, "only tables have keys")
        return rows.row(of: key.sortable).flatMap(row)
    }
}

extension UInt64 {
    /// A signed number in the same order.
    var sortable: Int64 { Int64(bitPattern: self ^ 1 << 63) }

    init(sortable: Int64) { self = UInt64(bitPattern: sortable) ^ 1 << 63 }
}
