internal import Synchronization

/// A bounded queue that any thread may add to without ever waiting: a full one gives up its oldest.
///
/// The ring of Dmitry Vyukov (bounded MPMC queue, 1024cores.net): every cell has a number that says
/// whose turn it is, so that a thread claims a place with one exchange and no lock. A thread that was
/// put to sleep between claiming and finishing holds up nobody: others find the queue full or empty for
/// that long, and give up what they hold.
//
// Unchecked: a cell's row belongs to the thread that claimed the cell's number, and the number is
// handed on with release and acquire.
final class ShadowQueue<Row: AnyObject & Sendable>: @unchecked Sendable {
    private struct Cell: ~Copyable {
        let turn: Atomic<Int>
        var row: Unmanaged<Row>?

        init(_ turn: Int) { self.turn = Atomic(turn) }
    }

    /// What became of a row that was added, and of those before it.
    struct Outcome: Equatable {
        /// Rows that were given up, the new one included if there was no place for it.
        var dropped = 0
    }

    /// How often a full queue is asked before the new row is given up itself.
    private static var attempts: Int { 8 }

    let capacity: Int
    private let cells: UnsafeMutablePointer<Cell>
    private let head = Atomic<Int>(0)
    private let tail = Atomic<Int>(0)

    /// - Parameter capacity: at least 2.
    init(capacity: Int) {
        precondition(capacity > 1, "a ring of one cell cannot tell full from empty")
        self.capacity = capacity
        cells = .allocate(capacity: capacity)
        for index in 0..<capacity { (cells + index).initialize(to: Cell(index)) }
    }

    deinit {
        while let row = pop() { _ = row }
        cells.deinitialize(count: capacity)
        cells.deallocate()
    }

    /// About how many wait.
    var count: Int {
        let end = tail.load(ordering: .relaxed)
        return max(0, min(capacity, end - head.load(ordering: .relaxed)))
    }

    /// Adds a row. In a full queue the oldest makes room; if others hold the place for too long, the
    /// new row is given up.
    func push(_ row: Row) -> Outcome {
        var outcome = Outcome()
        for _ in 0..<Self.attempts {
            if append(row) { return outcome }
            if pop() != nil { outcome.dropped += 1 }
        }
        outcome.dropped += 1
        return outcome
    }

    /// False if the queue is full.
    private func append(_ row: Row) -> Bool {
        var place = tail.load(ordering: .relaxed)
        while true {
            let cell = cells + place % capacity
            let turn = cell.pointee.turn.load(ordering: .acquiring)
            if turn == place {
                let (isMine, now) = tail.weakCompareExchange(
                    expected: place, desired: place + 1, ordering: .relaxed)
                guard isMine else {
                    place = now
                    continue
                }
                cell.pointee.row = .passRetained(row)
                cell.pointee.turn.store(place + 1, ordering: .releasing)
                return true
            }
            if turn < place { return false }
            place = tail.load(ordering: .relaxed)
        }
    }

    /// The oldest row; nil if there is none.
    func pop() -> Row? {
        var place = head.load(ordering: .relaxed)
        while true {
            let cell = cells + place % capacity
            let turn = cell.pointee.turn.load(ordering: .acquiring)
            if turn == place + 1 {
                let (isMine, now) = head.weakCompareExchange(
                    expected: place, desired: place + 1, ordering: .relaxed)
                guard isMine else {
                    place = now
                    continue
                }
                let row = cell.pointee.row?.takeRetainedValue()
                cell.pointee.row = nil
                cell.pointee.turn.store(place + capacity, ordering: .releasing)
                return row
            }
            if turn < place + 1 { return nil }
            place = head.load(ordering: .relaxed)
        }
    }
}
