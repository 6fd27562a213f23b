internal import Glibc
internal import Synchronization

/// Numbers that one thread adds to while any thread reads them.
///
/// Adding is a load and a store of its own word, not a locked instruction: with two writers an
/// addition could be lost, so each event loop has cells of its own and readers add them up. Memory
/// that was never written is never given to the process (`calloc` of whole pages).
///
/// Sendable: each word is an `Atomic`; only the owner's thread writes.
final class MeterCells: @unchecked Sendable {
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    let count: Int

    init(count: Int) {
        // An atomic word of zeros is the number 0, and nothing runs when it ends.
        guard let memory = calloc(max(1, count), MemoryLayout<UInt64>.stride) else {
            fatalError("no memory for metrics")
        }
        cells = memory.bindMemory(to: Atomic<UInt64>.self, capacity: max(1, count))
        self.count = count
    }

    deinit { free(cells) }

    /// On the owner's thread only.
    func add(_ amount: UInt64, to cell: Int) {
        Self.add(amount, at: address(of: cell))
    }

    /// For the owner, as long as these cells live.
    func address(of cell: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        precondition(cell >= 0 && cell <= count)
        return cells + cell
    }

    @inline(__always)
    static func add(_ amount: UInt64, at cell: UnsafeMutablePointer<Atomic<UInt64>>) {
        let old = cell.pointee.load(ordering: .relaxed)
        cell.pointee.store(old &+ amount, ordering: .relaxed)
    }

    /// On the owner's thread only.
    func set(_ value: UInt64, to cell: Int) {
        cells[cell].store(value, ordering: .relaxed)
    }

    subscript(cell: Int) -> UInt64 { cells[cell].load(ordering: .relaxed) }
}
