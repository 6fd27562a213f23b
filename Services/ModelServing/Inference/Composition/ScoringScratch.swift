/// Working memory for the rows of any models: one per event loop or worker, so that a row allocates
/// only where its model has not been met before.
///
/// Its user is the one thread that holds it.
public final class ScoringScratch {
    /// Sizes of models whose memory is kept.
    private static let maximumKept = 64

    /// The one used last comes first.
    private var kept: [ModelScratch] = []
    private var free: [UnsafeMutableBufferPointer<Double>] = []

    public init() {}

    deinit { for buffer in free { buffer.deallocate() } }

    /// Memory of the model's own size; models of one size share it.
    func scratch(for model: CompiledModel) -> ModelScratch {
        if let first = kept.first, model.accepts(first) { return first }
        guard let index = kept.firstIndex(where: model.accepts) else {
            if kept.count == Self.maximumKept { kept.removeLast() }
            let new = model.makeScratch()
            kept.insert(new, at: 0)
            return new
        }
        kept.swapAt(0, index)
        return kept[0]
    }

    /// Lends room for `count` numbers, whose values are whatever was there; loans may be nested.
    public func withNumbers<Result, Failure: Error>(
        _ count: Int, _ body: (UnsafeMutableBufferPointer<Double>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = take(count)
        defer { free.append(buffer) }
        return try body(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
    }

    private func take(_ count: Int) -> UnsafeMutableBufferPointer<Double> {
        if let index = free.lastIndex(where: { $0.count >= count }) {
            free.swapAt(index, free.count - 1)
            return free.removeLast()
        }
        let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: max(64, count))
        buffer.initialize(repeating: 0)
        return buffer
    }
}
