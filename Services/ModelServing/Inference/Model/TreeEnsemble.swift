/// Decision trees whose leaves are added up: the logical form, as the file states it, checked.
///
/// Numbers of a library that calculates in float32 are held widened, which is exact. Loaders make
/// it, `CompiledModel` serves it, explainers walk it.
public struct TreeEnsemble: Sendable {
    /// What a split asks of a value that is not missing.
    public enum Rule: UInt8, Sendable {
        /// Left if the value is below the threshold.
        case less
        /// Left if the value is not above the threshold.
        case lessOrEqual
        /// Right if the value is above the border.
        case greater
        /// Right if the category is listed (XGBoost).
        case listedRight
        /// Left if the category is listed (LightGBM).
        case listedLeft
        /// Right if the category's hash is `value` (CatBoost).
        case hash

        var isCategorical: Bool { rawValue >= Rule.listedRight.rawValue }
    }

    /// Where a missing value goes.
    public enum Missing: UInt8, Sendable {
        case left, right
        /// It is the number 0.0 (LightGBM's missing type None).
        case asZero
        /// So does every value that LightGBM takes for zero (its missing type Zero).
        case zeroLeft, zeroRight
        /// The model was trained without missing values and answers none.
        case refused
    }

    /// A split, or a leaf if it has no children.
    public struct Node: Sendable {
        /// Threshold of a split (the category's hash for `Rule.hash`), value of a leaf.
        public var value: Double
        /// Rows, or their weight, that came by in training; NaN if the file does not say.
        public var cover: Double
        /// Children, by the file's own numbers within the tree; `left` is -1 in a leaf.
        public var left: Int32
        /// In a leaf: its row of `leafValues`, or its place in `linearLeaves`, or -1.
        public var right: Int32
        public var input: Int32
        /// The set of a categorical split, the library's number of a leaf.
        var number: Int32
        public var gain: Float
        public var rule: Rule
        public var missing: Missing

        public var isLeaf: Bool { left < 0 }
        /// The set in `categorySets`, or -1.
        public var categories: Int32 { isLeaf ? -1 : number }
        /// The number that the library prints for this leaf, or -1.
        public var leaf: Int32 { isLeaf ? number : -1 }

        public static func split(
            _ input: Int32, _ rule: Rule, _ value: Double, missing: Missing, left: Int32,
            right: Int32, categories: Int32 = -1, cover: Double = .nan, gain: Float = 0
        ) -> Node {
            Node(
                value: value, cover: cover, left: left, right: right, input: input,
                number: categories, gain: gain, rule: rule, missing: missing)
        }

        /// - Parameters:
        ///   - number: what the library prints as the leaf's index.
        ///   - row: row of `leafValues`, or place in `linearLeaves`.
        public static func leaf(
            _ value: Double, number: Int32, row: Int32 = -1, cover: Double = .nan
        ) -> Node {
            Node(
                value: value, cover: cover, left: -1, right: row, input: 0, number: number,
                gain: 0, rule: .less, missing: .left)
        }
    }

    /// One level of an oblivious tree: the question that all its nodes ask. The first level's answer
    /// is bit 0 of the leaf's number, 1 for right.
    public struct Level: Sendable {
        public var border: Double
        public var input: Int32
        /// For `Rule.hash`.
        public var hash: Int32
        public var rule: Rule
        public var missing: Missing

        public init(
            input: Int32, rule: Rule, missing: Missing, border: Double, hash: Int32 = 0
        ) {
            self.border = border
            self.input = input
            self.hash = hash
            self.rule = rule
            self.missing = missing
        }

        /// The level as a split of its own.
        var split: Node {
            .split(
                input, rule, rule == .hash ? Double(hash) : border, missing: missing, left: 0,
                right: 1)
        }
    }

    public enum Shape: Sendable {
        /// Its nodes; the first is the root.
        case binary(firstNode: Int, count: Int)
        /// Its levels; leaf n has row `firstLeaf + n` of `leafValues` and of `leafCovers`.
        case oblivious(firstLevel: Int, depth: Int, firstLeaf: Int)
    }

    public struct Tree: Sendable {
        public var shape: Shape
        public var depth: Int
        /// The output that its leaves are added to; -1: they hold one value per output.
        public var output: Int

        public init(shape: Shape, depth: Int, output: Int) {
            self.shape = shape
            self.depth = depth
            self.output = output
        }
    }

    /// A leaf that is a linear function (LightGBM's linear trees).
    public struct LinearLeaf: Sendable {
        public var constant: Double
        public var inputs: [Int32]
        public var coefficients: [Double]
        /// The value if any of its inputs is missing.
        public var fallback: Double

        public init(constant: Double, inputs: [Int32], coefficients: [Double], fallback: Double) {
            self.constant = constant
            self.inputs = inputs
            self.coefficients = coefficients
            self.fallback = fallback
        }
    }

    public var profile: NumericProfile
    public var inputCount: Int
    public var outputCount: Int
    /// Values of one leaf: 1, or `outputCount`.
    public var leafWidth = 1
    /// Per output: where XGBoost's sum starts, CatBoost's bias.
    public var base: [Double]
    /// CatBoost's factor of the sum.
    public var scale = 1.0
    /// The sums are means over the iterations (LightGBM's `average_output`, forests).
    public var isAveraged = false
    public var treesPerIteration = 1
    /// Where each iteration starts, and where the last one ends, if they have not all
    /// `treesPerIteration` trees.
    public var iterationStarts: [Int]?

    public var trees: [Tree] = []
    public var nodes: [Node] = []
    public var levels: [Level] = []
    /// Row by row, `leafWidth` values each.
    public var leafValues: [Double] = []
    /// One per row of `leafValues` of the oblivious trees; empty if the file does not say.
    public var leafCovers: [Double] = []
    public var categorySets = CategorySets()
    public private(set) var linearLeaves: [LinearLeaf] = []
    private var linearBytes = 0
    /// CatBoost: the hash of each code of its categorical inputs, and of the empty text, which is
    /// what a missing value means there.
    public var categoryHashes: [Int32] = []
    public var emptyTextHash: Int32 = 0

    public init(profile: NumericProfile, inputCount: Int, outputCount: Int, base: [Double] = []) {
        self.profile = profile
        self.inputCount = inputCount
        self.outputCount = outputCount
        self.base = base.isEmpty ? [Double](repeating: 0, count: outputCount) : base
    }
}

// MARK: Sizes

extension TreeEnsemble {
    public var treeCount: Int { trees.count }
    public var nodeCount: Int { nodes.count }
    public var depth: Int { trees.lazy.map(\.depth).max() ?? 0 }
    public var iterationCount: Int {
        iterationStarts.map { $0.count - 1 } ?? trees.count / max(treesPerIteration, 1)
    }

    /// Memory that it takes, with what its lists hold in reserve.
    public var byteCount: Int {
        nodes.capacity * MemoryLayout<Node>.stride + levels.capacity * MemoryLayout<Level>.stride
            + (leafValues.capacity + leafCovers.capacity) * 8
            + trees.capacity * MemoryLayout<Tree>.stride + categorySets.byteCount + linearBytes
    }

    /// Adds a linear leaf; returns its place.
    public mutating func append(_ leaf: LinearLeaf) -> Int32 {
        linearLeaves.append(leaf)
        // Two lists with a head each.
        linearBytes += MemoryLayout<LinearLeaf>.stride + 2 * 40 + 12 * leaf.inputs.count
        return Int32(truncatingIfNeeded: linearLeaves.count - 1)
    }

    /// Inputs that some split takes as a category.
    public var categoricalInputs: Set<Int> {
        let splits = nodes.lazy.filter { !$0.isLeaf && $0.rule.isCategorical }.map(\.input)
        let levels = levels.lazy.filter { $0.rule.isCategorical }.map(\.input)
        return Set(splits.map(Int.init)).union(levels.map(Int.init))
    }

    /// Inputs that may not be missing.
    public var requiredInputs: Set<Int> {
        let splits = nodes.lazy.filter { !$0.isLeaf && $0.missing == .refused }.map(\.input)
        let levels = levels.lazy.filter { $0.missing == .refused }.map(\.input)
        return Set(splits.map(Int.init)).union(levels.map(Int.init))
    }

    /// The trees of a range of iterations; all of them for nil.
    func trees(of iterations: Range<Int>?) -> Range<Int> {
        guard let iterations else { return trees.indices }
        let kept = iterations.clamped(to: 0..<iterationCount)
        if let iterationStarts {
            return iterationStarts[kept.lowerBound]..<iterationStarts[kept.upperBound]
        }
        return kept.lowerBound * treesPerIteration..<kept.upperBound * treesPerIteration
    }

    /// Keeps the first `count` trees of an ensemble of binary trees that was read in order.
    mutating func keepFirst(trees count: Int) {
        guard count < trees.count else { return }
        if case .binary(let firstNode, _) = trees[count].shape {
            nodes.removeSubrange(firstNode...)
        }
        trees.removeSubrange(count...)
        if let starts = iterationStarts { iterationStarts = starts.filter { $0 <= count } }
    }
}
