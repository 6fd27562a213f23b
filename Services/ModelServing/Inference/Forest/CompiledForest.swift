/// A forest laid out for speed. Which layout serves is decided by the forest alone, so that the
/// same file always runs the same way; all of them give the bits of `Forest.addLeaves`.
public struct CompiledForest: Sendable {
    public enum Layout: String, Sendable, CaseIterable {
        case perfect, sibling, general
    }

    private enum Trees: Sendable {
        case perfect(PerfectLayout)
        case sibling(SiblingLayout)
        case general
    }

    public let forest: Forest
    public let layout: Layout
    private let trees: Trees
    private let plan: RowPlan

    /// - Parameter preferred: a layout to use where it can hold the forest; the rule's choice
    ///   otherwise.
    public init(_ forest: Forest, preferred: Layout? = nil) {
        self.forest = forest
        var plan = RowPlan()
        if preferred == nil || preferred == .perfect,
            let perfect = PerfectLayout(forest, plan: &plan)
        {
            (trees, layout) = (.perfect(perfect), .perfect)
        } else if preferred != .general, let sibling = SiblingLayout(forest, plan: &plan) {
            (trees, layout) = (.sibling(sibling), .sibling)
        } else {
            (trees, layout) = (.general, .general)
        }
        self.plan = plan
    }

    /// Base margins first, then the leaves in tree order, in float32.
    ///
    /// - Parameters:
    ///   - row: one value per input; NaN is missing.
    ///   - margins: one per output.
    public func margins(
        _ row: UnsafeBufferPointer<Float>, into margins: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(row.count == forest.inputCount && margins.count == forest.outputCount)
        for (output, base) in forest.baseMargins.enumerated() { margins[output] = base }
        withSlots(row) { slots in
            switch trees {
            case .perfect(let trees) where margins.count == 1:
                margins[0] = trees.sum(slots, from: margins[0])
            case .sibling(let trees) where margins.count == 1:
                margins[0] = trees.sum(slots, from: margins[0])
            case .perfect(let trees): trees.addLeaves(slots, forest.trees, to: margins)
            case .sibling(let trees): trees.addLeaves(slots, forest.trees, to: margins)
            case .general: forest.addLeaves(of: row, to: margins)
            }
        }
    }

    /// The file's own index of the leaf that `row` reaches in each tree.
    public func leaves(_ row: UnsafeBufferPointer<Float>) -> [Int] {
        precondition(row.count == forest.inputCount)
        return withSlots(row) { slots in
            switch trees {
            case .perfect(let trees): trees.leafIndices(slots)
            case .sibling(let trees): trees.leafIndices(slots)
            case .general: forest.trees.map { forest.leaf(of: $0, row: row) }
            }
        }
    }

    /// Whether this layout reaches the same leaves and the same bits as the plain walk.
    public func agreesWithReference(_ row: UnsafeBufferPointer<Float>) -> Bool {
        guard leaves(row) == forest.trees.map({ forest.leaf(of: $0, row: row) }) else {
            return false
        }
        var fast = [Float](repeating: 0, count: forest.outputCount)
        var plain = forest.baseMargins
        fast.withUnsafeMutableBufferPointer { margins(row, into: $0) }
        plain.withUnsafeMutableBufferPointer { forest.addLeaves(of: row, to: $0) }
        return fast.map(\.bitPattern) == plain.map(\.bitPattern)
    }

    /// Scratch for one row, on the stack unless the forest has very many inputs.
    @inline(__always)
    private func withSlots<Result>(
        _ row: UnsafeBufferPointer<Float>, _ body: (UnsafeBufferPointer<Float>) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: plan.slotCount) { slots in
            slots.initialize(repeating: 0)
            plan.fill(slots, from: row)
            return body(UnsafeBufferPointer(slots))
        }
    }
}
