/// How much a version uses each of its inputs, from the artifact alone.
public struct Importance: Sendable, Hashable {
    /// How many splits ask the input; none for a linear model.
    public var split: [Int]?
    /// The sum of what its splits gained in training, where the file says it.
    public var gain: [Double]?
    /// Per output, of a linear model.
    public var coefficients: [[Double]]?

    public init(_ model: LoadedModel) {
        if case .linear(let linear) = model.body {
            coefficients = linear.weights
        } else if let trees = model.trees {
            split = Self.splits(trees)
            gain = Self.gains(trees)
        }
    }

    /// An oblivious tree asks once per level.
    private static func splits(_ trees: TreeEnsemble) -> [Int] {
        var counts = [Int](repeating: 0, count: trees.inputCount)
        for node in trees.nodes where !node.isLeaf { counts[Int(node.input)] += 1 }
        for level in trees.levels { counts[Int(level.input)] += 1 }
        return counts
    }

    private static func gains(_ trees: TreeEnsemble) -> [Double]? {
        guard trees.profile == .xgboost || trees.profile == .lightgbm else { return nil }
        var sums = [Double](repeating: 0, count: trees.inputCount)
        var isStated = false
        for node in trees.nodes where !node.isLeaf {
            sums[Int(node.input)] += Double(node.gain)
            isStated = isStated || node.gain != 0
        }
        return isStated ? sums : nil
    }
}
