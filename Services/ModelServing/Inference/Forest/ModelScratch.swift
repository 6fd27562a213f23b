/// Working memory for the rows of one model: one per event loop or worker, so that no row allocates.
///
/// `row` holds one value per input, `margins` one per output, for as long as the object lives. Its
/// user is the one thread that holds it.
public final class ModelScratch {
    let row: UnsafeMutableBufferPointer<Double>
    let margins: UnsafeMutableBufferPointer<Double>

    init(inputs: Int, outputs: Int) {
        row = .allocate(capacity: inputs)
        row.initialize(repeating: 0)
        margins = .allocate(capacity: outputs)
        margins.initialize(repeating: 0)
    }

    deinit {
        row.deallocate()
        margins.deallocate()
    }
}
