/// Working memory for the rows of one model: one per event loop or worker, so that no row allocates.
///
/// Its user is the one thread that holds it. `row` has one value per input; `margins` hold an answer
/// that nobody asked for; the slots and `singles` have room for one block of rows, `leaves` for one
/// row in one run of trees.
public final class ModelScratch {
    /// What a model needs room for. With another model's scratch, memory would be written that is
    /// not its own.
    struct Size: Hashable, Sendable {
        var inputs: Int
        var outputs: Int
        /// Of one block.
        var rows = 1
        /// Of one row; in the one width that is used.
        var narrowSlots = 0
        var wideSlots = 0
        var leaves = 0
    }

    let size: Size
    let row: UnsafeMutableBufferPointer<Double>
    let margins: UnsafeMutableBufferPointer<Double>
    /// Of one row, the count rounded up to four.
    let keys: UnsafeMutablePointer<Int32>
    let narrowSlots: UnsafeMutablePointer<UInt16>
    let wideSlots: UnsafeMutablePointer<UInt32>
    let leaves: UnsafeMutablePointer<UInt32>
    let singles: UnsafeMutablePointer<Float>

    init(_ size: Size) {
        func zeros<Value: AdditiveArithmetic>(_ count: Int) -> UnsafeMutablePointer<Value> {
            let memory = UnsafeMutablePointer<Value>.allocate(capacity: count)
            memory.initialize(repeating: .zero, count: count)
            return memory
        }
        self.size = size
        row = UnsafeMutableBufferPointer(start: zeros(size.inputs), count: size.inputs)
        margins = UnsafeMutableBufferPointer(start: zeros(size.outputs), count: size.outputs)
        keys = zeros(size.inputs + 3)
        narrowSlots = zeros(size.rows * size.narrowSlots)
        wideSlots = zeros(size.rows * size.wideSlots)
        leaves = zeros(size.leaves)
        singles = zeros(size.rows * size.outputs)
    }

    deinit {
        row.deallocate()
        margins.deallocate()
        keys.deallocate()
        narrowSlots.deallocate()
        wideSlots.deallocate()
        leaves.deallocate()
        singles.deallocate()
    }
}
