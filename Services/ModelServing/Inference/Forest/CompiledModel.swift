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

/// How the trees of a model are laid out.
public enum LayoutChoice: Sendable, Hashable, CaseIterable {
    /// By each tree's shape: the choice for serving.
    case byRule
    /// All binary trees alike, to compare layouts; the general walk where that cannot be.
    case perfect, sibling
    /// The plain walk.
    case general
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
    /// Nil for a linear model, and for trees that need the general walk.
    private let forest: CompiledForest?

    public init(_ model: LoadedModel, layout: LayoutChoice = .byRule) {
        self.model = model
        inputCount = model.inputs.count
        marginCount = model.outputCount
        probabilityCount = model.link.valueCount(margins: marginCount)
        treeCount = model.trees?.treeCount ?? 0
        iterationCount = model.trees?.iterationCount ?? 0
        requiredInputs = model.trees?.requiredInputs.sorted() ?? []
        forest = model.trees.flatMap { trees in
            switch layout {
            case .byRule: CompiledForest(trees)
            case .perfect: CompiledForest(trees, only: .perfect)
            case .sibling: CompiledForest(trees, only: .sibling)
            case .general: nil
            }
        }
    }

    public func makeScratch() -> ModelScratch { ModelScratch(scratchSize) }

    private var scratchSize: ModelScratch.Size {
        forest?.size ?? ModelScratch.Size(inputs: inputCount, outputs: marginCount)
    }

    /// Whether a scratch was made for a model of this size.
    func accepts(_ scratch: ModelScratch) -> Bool { scratch.size == scratchSize }

    /// Memory that the model holds.
    public var byteCount: Int {
        guard let trees = model.trees else { return inputCount * (marginCount + 3) * 8 }
        return trees.byteCount + (forest?.byteCount ?? 0)
    }

    /// What the trees are laid out as, such as "100 perfect".
    public var layout: String {
        guard let forest else { return treeCount > 0 ? "general" : "linear" }
        let counts = forest.layouts.sorted { $0.key.rawValue < $1.key.rawValue }
        return counts.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    // MARK: Rows

    /// Margins of one row: 0 ulp from the library's own. NaN if an input is missing that may not be.
    public func margins(
        _ row: UnsafeBufferPointer<Double>, _ options: RowOptions, _ scratch: ModelScratch,
        into margins: UnsafeMutableBufferPointer<Double>
    ) {
        self.margins(
            rows: row, count: 1, stride: inputCount, options, scratch, into: margins)
    }

    /// Margins of `count` rows that lie `stride` values apart; the margins lie side by side.
    public func margins(
        rows: UnsafeBufferPointer<Double>, count: Int, stride: Int, _ options: RowOptions,
        _ scratch: ModelScratch, into margins: UnsafeMutableBufferPointer<Double>
    ) {
        score(rows, count, stride, options, scratch, margins)
    }

    /// The same for rows of float32, which are what they are: nothing is rounded.
    public func margins(
        rows: UnsafeBufferPointer<Float>, count: Int, stride: Int, _ options: RowOptions,
        _ scratch: ModelScratch, into margins: UnsafeMutableBufferPointer<Double>
    ) {
        score(rows, count, stride, options, scratch, margins)
    }

    @inline(__always)
    private func score<Value: RowValue>(
        _ rows: UnsafeBufferPointer<Value>, _ count: Int, _ stride: Int, _ options: RowOptions,
        _ scratch: ModelScratch, _ margins: UnsafeMutableBufferPointer<Double>
    ) {
        precondition(count >= 0 && stride >= inputCount && margins.count == count * marginCount)
        precondition(count == 0 || rows.count >= (count - 1) * stride + inputCount)
        precondition(accepts(scratch), "the scratch was made for another model")
        precondition(options.offset.map { $0.count == marginCount } ?? true)
        guard count > 0, let start = rows.baseAddress, let sums = margins.baseAddress else {
            return
        }
        if let forest {
            let range = forest.trees.trees(of: options.iterations)
            forest.sum(
                rows: start, count: count, stride: stride, trees: range, offset: options.offset,
                scratch, into: sums)
            forest.finish(sums, count: count, trees: range, offset: options.offset)
        } else if let trees = model.trees {
            scoreGeneral(trees, start, count, stride, options, scratch, sums)
        } else {
            scoreLinear(start, count, stride, options, scratch, margins)
        }
        for input in requiredInputs {
            for index in 0..<count where start[index * stride + input].isNaN {
                (sums + index * marginCount).update(repeating: .nan, count: marginCount)
            }
        }
    }

    private func scoreGeneral<Value: BinaryFloatingPoint>(
        _ trees: TreeEnsemble, _ rows: UnsafePointer<Value>, _ count: Int, _ stride: Int,
        _ options: RowOptions, _ scratch: ModelScratch, _ sums: UnsafeMutablePointer<Double>
    ) {
        let range = trees.trees(of: options.iterations)
        for index in 0..<count {
            let margins = UnsafeMutableBufferPointer(
                start: sums + index * marginCount, count: marginCount)
            trees.start(options.offset, into: margins)
            walk(trees, rows + index * stride, range, scratch, to: margins) { _, _ in }
            trees.finish(margins, trees: range, offset: options.offset)
        }
    }

    private func scoreLinear<Value: BinaryFloatingPoint>(
        _ rows: UnsafePointer<Value>, _ count: Int, _ stride: Int, _ options: RowOptions,
        _ scratch: ModelScratch, _ margins: UnsafeMutableBufferPointer<Double>
    ) {
        guard case .linear(let linear) = model.body else { return }
        for index in 0..<count {
            for input in 0..<inputCount {
                scratch.row[input] = Double(rows[index * stride + input])
            }
            linear.margins(
                UnsafeBufferPointer(scratch.row), offset: options.offset,
                into: UnsafeMutableBufferPointer(
                    rebasing: margins[index * marginCount..<(index + 1) * marginCount]))
        }
    }

    /// The general walk.
    @inline(__always)
    private func walk<Value: BinaryFloatingPoint>(
        _ trees: TreeEnsemble, _ row: UnsafePointer<Value>, _ range: Range<Int>,
        _ scratch: ModelScratch, to margins: UnsafeMutableBufferPointer<Double>,
        _ met: (_ tree: Int, _ leaf: Int32) -> Void
    ) {
        for input in 0..<inputCount {
            scratch.row[input] = trees.profile.prepared(Double(row[input]))
        }
        let prepared = UnsafeBufferPointer(scratch.row)
        for tree in range {
            met(tree - range.lowerBound, trees.add(trees.trees[tree], prepared, to: margins))
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
        _ row: UnsafeBufferPointer<Double>, _ options: RowOptions, _ scratch: ModelScratch,
        into leaves: UnsafeMutableBufferPointer<Int32>
    ) {
        guard let trees = model.trees else { return }
        let range = trees.trees(of: options.iterations)
        precondition(row.count == inputCount)
        precondition(accepts(scratch), "the scratch was made for another model")
        precondition(leaves.count == range.count)
        guard let start = row.baseAddress, let met = leaves.baseAddress else { return }
        if let forest { return forest.leaves(start, trees: range, scratch, into: met) }
        walk(trees, start, range, scratch, to: scratch.margins) { leaves[$0] = $1 }
    }

    /// Whether this row's margins and leaves are those of the plain walk, bit for bit.
    public func layoutAgrees(
        on row: UnsafeBufferPointer<Double>, _ options: RowOptions = RowOptions(),
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
}
