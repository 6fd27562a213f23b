/// Rows of whole numbers, kept column by column, so that reading a column is one straight loop.
///
/// The first column holds the row's key, ascending. Rows leave at the front and come at the end,
/// mostly: neither moves the others.
struct ColumnTable: Sendable {
    let width: Int
    private(set) var count = 0
    /// Position of row 0 in each column.
    private var first = 0
    private var capacity = 0
    /// `width` columns of `capacity` cells.
    private var cells: [Int64] = []

    init(width: Int) { self.width = width }

    var isEmpty: Bool { count == 0 }
    var indices: Range<Int> { 0..<count }
    var byteCount: Int { cells.capacity * 8 + 64 }

    subscript(row: Int, column: Int) -> Int64 {
        get { cells[column * capacity + first + row] }
        set { cells[column * capacity + first + row] = newValue }
    }

    // MARK: Reading

    /// The cells while they lie still. Column c is `count` cells at `start + c · pitch`.
    struct Cells {
        let start: UnsafePointer<Int64>
        let pitch: Int

        func column(_ index: Int) -> UnsafePointer<Int64> { start + index * pitch }
    }

    /// Nil without rows.
    @inline(__always)
    func withCells<R>(_ body: (Cells) -> R) -> R? {
        guard count > 0 else { return nil }
        return cells.withUnsafeBufferPointer { cells in
            // There are rows, so there are cells.
            body(Cells(start: cells.baseAddress.unsafelyUnwrapped + first, pitch: capacity))
        }
    }

    /// The row's cells, to be changed: column c at `c · pitch`.
    @inline(__always)
    mutating func withRow(_ row: Int, _ body: (UnsafeMutablePointer<Int64>, Int) -> Void) {
        precondition(row >= 0 && row < count)
        cells.withUnsafeMutableBufferPointer { cells in
            body(cells.baseAddress.unsafelyUnwrapped + first + row, capacity)
        }
    }

    /// Reads what a processor fetches at once, up to 1 KB of it; see ``FeatureState/fetchCells()``.
    @inline(__always)
    func fetch() -> Int64 {
        cells.withUnsafeBufferPointer { cells in
            var sum: Int64 = 0
            var index = 0
            let end = min(cells.count, 128)
            while index < end {
                sum &+= cells[index]
                index += 8
            }
            return sum
        }
    }

    /// The first row whose key is not less than `key`; `count` if there is none.
    func firstRow(from key: Int64) -> Int {
        withCells { cells in
            var low = 0
            var high = count
            while low < high {
                let middle = (low + high) / 2
                if cells.start[middle] < key { low = middle + 1 } else { high = middle }
            }
            return low
        } ?? 0
    }

    /// The row with this key.
    func row(of key: Int64) -> Int? {
        let row = firstRow(from: key)
        return row < count && self[row, 0] == key ? row : nil
    }

    // MARK: Changing

    /// Makes room for a row of zeros before the row at `row`.
    mutating func insertRow(at row: Int) {
        if first + count == capacity { makeRoom() }
        let (behind, place, pitch) = (count - row, first + row, capacity)
        precondition(row >= 0 && behind >= 0)
        count += 1
        cells.withUnsafeMutableBufferPointer { cells in
            for column in 0..<width {
                let cell = cells.baseAddress.unsafelyUnwrapped + column * pitch + place
                if behind > 0 { (cell + 1).update(from: cell, count: behind) }
                cell.pointee = 0
            }
        }
    }

    /// A table of rows of zeros, with room for some more.
    init(width: Int, rows: Int) {
        self.width = width
        guard rows > 0 else { return }
        count = rows
        capacity = rows + (rows + 3) / 4
        cells = [Int64](repeating: 0, count: capacity * width)
    }

    /// The cells while they are changed in place; rows and columns are the table's.
    struct MutableCells {
        let start: UnsafeMutablePointer<Int64>
        let pitch: Int

        subscript(row: Int, column: Int) -> Int64 {
            @inline(__always) get { start[column * pitch + row] }
            @inline(__always) nonmutating set { start[column * pitch + row] = newValue }
        }
    }

    /// Not called without rows.
    @inline(__always)
    mutating func withMutableCells<E: Error>(
        _ body: (MutableCells) throws(E) -> Void
    ) throws(E) {
        guard count > 0 else { return }
        let (first, pitch) = (first, capacity)
        try cells.withUnsafeMutableBufferPointer { cells throws(E) in
            // There are rows, so there are cells.
            let start = cells.baseAddress.unsafelyUnwrapped + first
            try body(MutableCells(start: start, pitch: pitch))
        }
    }

    mutating func removeFirst(_ rows: Int) {
        count -= rows
        first = count == 0 ? 0 : first + rows
    }

    mutating func removeRow(at row: Int) {
        for column in 0..<width {
            let start = column * capacity + first
            move(start + row + 1..<start + count, to: start + row)
        }
        count -= 1
        if count == 0 { first = 0 }
    }

    /// Keeps the rows whose cell of `column` is at least `limit`.
    mutating func keepRows(where column: Int, isAtLeast limit: Int64) {
        var kept = 0
        for row in 0..<count where self[row, column] >= limit {
            if kept < row { for column in 0..<width { self[kept, column] = self[row, column] } }
            kept += 1
        }
        count = kept
        if count == 0 { first = 0 }
    }

    /// Shifts the rows to the front of their columns, or doubles the columns.
    private mutating func makeRoom() {
        if first > capacity / 2 {
            for column in 0..<width {
                let start = column * capacity
                move(start + first..<start + first + count, to: start)
            }
        } else {
            let wider = capacity == 0 ? 2 : count < 16 ? count * 2 : count + count / 2
            cells = columns(of: wider)
            capacity = wider
        }
        first = 0
    }

    /// The rows in columns of `wider` cells.
    private func columns(of wider: Int) -> [Int64] {
        cells.withUnsafeBufferPointer { cells in
            [Int64](unsafeUninitializedCapacity: wider * width) { grown, initialized in
                // A table without columns has no cells.
                initialized = wider * width
                guard let base = grown.baseAddress else { return }
                for column in 0..<width {
                    let target = base + column * wider
                    if count > 0, let old = cells.baseAddress {
                        target.initialize(from: old + column * capacity + first, count: count)
                    }
                    (target + count).initialize(repeating: 0, count: wider - count)
                }
            }
        }
    }

    private mutating func move(_ range: Range<Int>, to target: Int) {
        guard !range.isEmpty else { return }
        cells.withUnsafeMutableBufferPointer { cells in
            let base = cells.baseAddress.unsafelyUnwrapped
            // Both ranges lie in one column.
            (base + target).update(from: base + range.lowerBound, count: range.count)
        }
    }
}

extension ColumnTable: Hashable {
    static func == (a: ColumnTable, b: ColumnTable) -> Bool {
        guard a.width == b.width, a.count == b.count else { return false }
        for column in 0..<a.width {
            for row in 0..<a.count where a[row, column] != b[row, column] { return false }
        }
        return true
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for row in 0..<count { hasher.combine(self[row, 0]) }
    }
}
