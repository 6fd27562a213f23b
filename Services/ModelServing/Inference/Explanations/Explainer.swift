/// Says what each input of a row added. Immutable and shared by all threads.
public protocol Explainer: Sendable {
    /// - Parameters:
    ///   - row: one value per input; NaN is missing.
    ///   - output: which margin or probability.
    ///   - options: those that the answer was asked with.
    ///   - scratch: made by this explainer, used by one thread at a time.
    func explain(
        _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions,
        scratch: ExplainScratch
    ) throws(ExplanationError) -> Attributions

    func makeScratch() -> ExplainScratch

    var method: Attributions.Method { get }
    /// About how many rows the model is asked to explain one.
    var rowsAsked: Int { get }
    /// Memory that it holds besides the model.
    var byteCount: Int { get }
}

extension Explainer {
    public var rowsAsked: Int { 0 }
    public var byteCount: Int { 0 }

    /// Explains one row with memory of its own, for tools and tests.
    public func explain(
        _ row: [Double], output: Int = 0, _ options: RowOptions = .whole
    ) throws(ExplanationError) -> Attributions {
        let scratch = makeScratch()
        let result = row.withUnsafeBufferPointer {
            row -> Result<Attributions, ExplanationError> in
            do throws(ExplanationError) {
                return .success(try explain(row, output: output, options, scratch: scratch))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// Working memory of an explainer: one per event loop or worker. Its user is the one thread that
/// holds it.
public final class ExplainScratch {
    /// The row as the splits of trees compare it.
    let slots: UnsafeMutableBufferPointer<Double>
    /// What each input added so far, in two halves.
    let sums: UnsafeMutableBufferPointer<SIMD2<Double>>
    /// For each level of the open path, whether the row takes all edges of that level's input.
    let taken: UnsafeMutableBufferPointer<Bool>
    /// Of an ensemble's members, in their order.
    let members: [ExplainScratch]
    /// For explainers that ask models.
    let scoring = ScoringScratch()

    init(slots: Int = 0, inputs: Int = 0, levels: Int = 0, members: [ExplainScratch] = []) {
        self.slots = .allocate(capacity: slots)
        self.slots.initialize(repeating: 0)
        sums = .allocate(capacity: inputs)
        sums.initialize(repeating: .zero)
        taken = .allocate(capacity: levels)
        taken.initialize(repeating: false)
        self.members = members
    }

    deinit {
        slots.deallocate()
        sums.deallocate()
        taken.deallocate()
    }
}
