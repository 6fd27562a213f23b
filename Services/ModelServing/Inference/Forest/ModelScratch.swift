/// Working memory for the rows of one model: one per event loop or worker, so that no row allocates.
///
/// Its user is the one thread that holds it. `row` has one value per input; `margins` and `leaves`
/// hold an answer that nobody asked for; `ranks` and `singles` have room for one block of rows.
public final class ModelScratch {
    private let slots: Int
    private let blockRows: Int
    let row: UnsafeMutableBufferPointer<Double>
    let margins: UnsafeMutableBufferPointer<Double>
    let ranks: UnsafeMutablePointer<UInt32>
    let singles: UnsafeMutablePointer<Float>

    /// - Parameters:
    ///   - rows: of one block.
    ///   - slots: of one row.
    init(inputs: Int, outputs: Int, rows: Int, slots: Int) {
        self.slots = slots
        blockRows = rows
        row = .allocate(capacity: inputs)
        row.initialize(repeating: 0)
        margins = .allocate(capacity: outputs)
        margins.initialize(repeating: 0)
        ranks = .allocate(capacity: rows * slots)
        ranks.initialize(repeating: 0, count: rows * slots)
        singles = .allocate(capacity: rows * outputs)
        singles.initialize(repeating: 0, count: rows * outputs)
    }

    /// Whether it was made for a model of this size: with any other's, memory would be written that
    /// is not its own.
    func fits(inputs: Int, outputs: Int, rows: Int, slots: Int) -> Bool {
        row.count == inputs && margins.count == outputs && blockRows == rows && self.slots == slots
    }

    deinit {
        row.deallocate()
        margins.deallocate()
        ranks.deallocate()
        singles.deallocate()
    }
}
