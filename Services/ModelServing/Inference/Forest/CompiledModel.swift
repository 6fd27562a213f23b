/// What a row may ask besides its values.
public struct RowOptions: Sendable, Hashable {
    /// One per output: replaces XGBoost's base margin, is added last elsewhere.
    public var offset: [Double]?
    /// The boosting rounds that answer; all of them for nil.
    public var iterations: Range<Int>?

    public static let whole = RowOptions()

    public init(offset: [Double]? = nil, iterations: Range<Int>? = nil) {
        self.offset = offset
        self.iterations = iterations
    }
}

/// A model that answers rows: immutable, shared by all threads, without a lock or an allocation per
/// row.
///
/// Rows are float64 at every seam, NaN for missing; a profile of float32 rounds them itself, to
/// nearest even. Margins leave widened.
public final class CompiledModel: Sendable {
    public let model: LoadedModel
    public let inputCount: Int
    public let marginCount: Int
    public let probabilityCount: Int
    public let treeCount: Int
    public let iterationCount: Int
    private let requiredInputs: [Int]

    public init(_ model: LoadedModel) {
        self.model = model
        inputCount = model.inputs.count
        marginCount = model.outputCount
        probabilityCount = model.link.valueCount(margins: marginCount)
        treeCount = model.trees?.treeCount ?? 0
        iterationCount = model.trees?.iterationCount ?? 0
        requiredInputs = model.trees?.requiredInputs.sorted() ?? []
    }

    public func makeScratch() -> ModelScratch {
        ModelScratch(inputs: inputCount, outputs: marginCount)
    }

    /// Memory that the model holds.
    public var byteCount: Int {
        guard let trees = model.trees else { return inputCount * (marginCount + 3) * 8 }
        return trees.nodes.count * MemoryLayout<TreeEnsemble.Node>.stride
            + trees.levels.count * MemoryLayout<TreeEnsemble.Level>.stride
            + (trees.leafValues.count + trees.leafCovers.count) * 8
            + trees.categorySets.byteCount
    }

    // MARK: Rows

    /// Margins of one row: 0 ulp from the library's own. NaN if an input is missing that may not be.
    public func margins(
        _ row: UnsafeBufferPointer<Double>, _ options: RowOptions,
        _ scratch: ModelScratch, into margins: UnsafeMutableBufferPointer<Double>
    ) {
        precondition(row.count == inputCount && margins.count == marginCount)
        switch model.body {
        case .linear(let linear): linear.margins(row, offset: options.offset, into: margins)
        case .trees(let trees), .isolation(let trees, _):
            add(trees, row, options, scratch, to: margins) { _, _ in }
        }
    }

    /// Margins of `count` rows that lie `stride` values apart; the margins lie side by side.
    public func margins(
        rows: UnsafeBufferPointer<Double>, count: Int, stride: Int,
        _ options: RowOptions, _ scratch: ModelScratch,
        into margins: UnsafeMutableBufferPointer<Double>
    ) {
        precondition(count >= 0 && stride >= inputCount)
        precondition(count == 0 || rows.count >= (count - 1) * stride + inputCount)
        precondition(margins.count == count * marginCount)
        for index in 0..<count {
            self.margins(
                UnsafeBufferPointer(rebasing: rows[index * stride..<index * stride + inputCount]),
                options, scratch,
                into: UnsafeMutableBufferPointer(
                    rebasing: margins[index * marginCount..<(index + 1) * marginCount]))
        }
    }

    /// Margins after the link.
    ///
    /// - Parameter options: those that the margins were asked with.
    public func probabilities(
        fromMargins margins: UnsafeBufferPointer<Double>, _ options: RowOptions = RowOptions(),
        into values: UnsafeMutableBufferPointer<Double>
    ) {
        guard let trees = model.trees, trees.isAveraged, trees.profile == .lightgbm else {
            return model.link.apply(margins, into: values)
        }
        // LightGBM's raw margin stays the sum; the mean comes before the link.
        let range = trees.trees(of: options.iterations)
        let count = Double(max(range.count / max(trees.treesPerIteration, 1), 1))
        withUnsafeTemporaryAllocation(of: Double.self, capacity: margins.count) { means in
            for index in margins.indices { means[index] = margins[index] / count }
            model.link.apply(UnsafeBufferPointer(means), into: values)
        }
    }

    /// The number that the library prints for the leaf of each tree; none for a linear model.
    ///
    /// - Parameter leaves: one place per tree of the range.
    public func leaves(
        _ row: UnsafeBufferPointer<Double>, _ options: RowOptions,
        _ scratch: ModelScratch, into leaves: UnsafeMutableBufferPointer<Int32>
    ) {
        guard let trees = model.trees else { return }
        add(trees, row, options, scratch, to: scratch.margins) { leaves[$0] = $1 }
    }

    /// Whether this row's margins and leaves are those of the plain walk, bit for bit.
    public func layoutAgrees(
        on row: UnsafeBufferPointer<Double>, _ options: RowOptions,
        _ scratch: ModelScratch
    ) -> Bool {
        guard let trees = model.trees else { return true }
        var (plain, plainLeaves): ([Double], [Int32]) = ([], [])
        trees.reference(
            row, iterations: options.iterations, offset: options.offset, margins: &plain,
            leaves: &plainLeaves)
        var fast = [Double](repeating: 0, count: marginCount)
        fast.withUnsafeMutableBufferPointer { margins(row, options, scratch, into: $0) }
        var fastLeaves = [Int32](repeating: -1, count: plainLeaves.count)
        fastLeaves.withUnsafeMutableBufferPointer { leaves(row, options, scratch, into: $0) }
        return fastLeaves == plainLeaves && zip(fast, plain).allSatisfy(Self.same)
    }

    private static func same(_ a: Double, _ b: Double) -> Bool {
        a.bitPattern == b.bitPattern || a.isNaN && b.isNaN
    }

    /// The general walk.
    @inline(__always)
    private func add(
        _ trees: TreeEnsemble, _ row: UnsafeBufferPointer<Double>, _ options: RowOptions,
        _ scratch: ModelScratch, to margins: UnsafeMutableBufferPointer<Double>,
        _ met: (_ tree: Int, _ leaf: Int32) -> Void
    ) {
        precondition(scratch.row.count == inputCount)
        let range = trees.trees(of: options.iterations)
        for input in 0..<inputCount { scratch.row[input] = trees.profile.prepared(row[input]) }
        let prepared = UnsafeBufferPointer(scratch.row)
        trees.start(options.offset, into: margins)
        for tree in range {
            met(tree - range.lowerBound, trees.add(trees.trees[tree], prepared, to: margins))
        }
        trees.finish(margins, trees: range, offset: options.offset)
        if requiredInputs.contains(where: { row[$0].isNaN }) { margins.update(repeating: .nan) }
    }
}

// MARK: One row with its own memory

extension CompiledModel {
    /// Margins of one row; allocates, so it is for tools and tests.
    public func margins(_ row: [Double], _ options: RowOptions = RowOptions()) -> [Double] {
        let scratch = makeScratch()
        var margins = [Double](repeating: 0, count: marginCount)
        row.withUnsafeBufferPointer { row in
            margins.withUnsafeMutableBufferPointer {
                self.margins(row, options, scratch, into: $0)
            }
        }
        return margins
    }

    /// Predictions of one row; allocates, so it is for tools and tests.
    public func probabilities(_ row: [Double], _ options: RowOptions = RowOptions()) -> [Double] {
        var values = [Double](repeating: 0, count: probabilityCount)
        margins(row, options).withUnsafeBufferPointer { margins in
            values.withUnsafeMutableBufferPointer {
                probabilities(fromMargins: margins, options, into: $0)
            }
        }
        return values
    }

    /// Leaves of one row; allocates, so it is for tools and tests.
    public func leaves(_ row: [Double], _ options: RowOptions = RowOptions()) -> [Int32] {
        guard let trees = model.trees else { return [] }
        let scratch = makeScratch()
        var leaves = [Int32](repeating: -1, count: trees.trees(of: options.iterations).count)
        row.withUnsafeBufferPointer { row in
            leaves.withUnsafeMutableBufferPointer {
                self.leaves(row, options, scratch, into: $0)
            }
        }
        return leaves
    }

    public func layoutAgrees(on row: [Double], _ options: RowOptions = RowOptions()) -> Bool {
        row.withUnsafeBufferPointer { layoutAgrees(on: $0, options, makeScratch()) }
    }
}
