internal import Synchronization

/// Numbers that many threads add to at once.
final class AtomicCounters: Sendable {
    /// Set in `init` alone and freed in `deinit`; what it points at is touched atomically only.
    private nonisolated(unsafe) let cells: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    init(count: Int) {
        self.count = count
        cells = .allocate(capacity: max(1, count))
        for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: count)
        cells.deallocate()
    }

    func add(_ index: Int) {
        precondition(index >= 0 && index < count)
        cells[index].wrappingAdd(1, ordering: .relaxed)
    }

    func value(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < count)
        return cells[index].load(ordering: .relaxed)
    }
}
