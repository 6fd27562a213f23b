public import Inference
public import Numerics

/// Ensembles from a seed, of every profile, rule and shape, with covers that agree: what layouts and
/// explainers are compared on.
public struct RandomEnsemble: Sendable {
    public var random: SplitMix64
    public var profile: NumericProfile
    public var inputs = 6
    public var outputs = 1
    public var trees = 3
    public var depth = 7
    /// Each leaf holds one value per output.
    public var hasVectors = false
    /// Half of the leaves are linear functions (LightGBM).
    public var hasLinearLeaves = false
    /// The input that may not be missing, if any (scikit-learn).
    public var required: Int32?
    /// Chances in a hundred: a split asks for a category; all training rows went one way; a branch
    /// ends before the greatest depth; no training row reached a leaf of an oblivious tree.
    public var categorical = 0
    public var oneSided = 10
    public var ending = 25
    public var empty = 0
    /// Few, so that rows meet them.
    let thresholds: [Double]
    let isOdd: Bool

    /// - Parameter hasOddThresholds: zeros of both signs, denormals, infinities and the largest
    ///   numbers among them; rows are as odd.
    public init(seed: UInt64, profile: NumericProfile = .xgboost, hasOddThresholds: Bool = false) {
        random = SplitMix64(seed: seed)
        self.profile = profile
        isOdd = hasOddThresholds
        var values: [Double] = (0..<40).map { Double(Float($0) / 4) }
        if hasOddThresholds {
            values = [
                0, -0.0, 1, -1, 0.1, 1.0000000180025095e-35, -1.0000000180025095e-35, 1e-40, -1e-40,
                .leastNonzeroMagnitude, 1e300, -1e300, .infinity, -.infinity,
                .greatestFiniteMagnitude, 3.4e38,
            ]
            for _ in 0..<40 {
                values.append(Double(random.next(below: 2_001)) / 1_000 - 1 + 0x1p-30)
            }
        }
        let isSingle = profile == .xgboost || profile == .catboost
        thresholds = isSingle ? values.map { Double(Float($0)) } : values
    }

    // MARK: Ensembles

    /// Binary trees of so many inputs, outputs and levels, whose branches mostly reach the last level.
    public mutating func make(
        inputs: Int, outputs: Int, trees: Int, depth: Int, vectors: Bool = false,
        categories: Bool = false, linear: Bool = false
    ) -> TreeEnsemble {
        (self.inputs, self.outputs, self.trees, self.depth) = (inputs, outputs, trees, depth)
        (hasVectors, hasLinearLeaves) = (vectors, linear)
        (categorical, oneSided, ending) = (categories ? 33 : 0, 0, 17)
        return binary()
    }

    /// Binary trees.
    public mutating func binary() -> TreeEnsemble {
        var ensemble = start()
        for tree in 0..<trees { grow(&ensemble, output: hasVectors ? -1 : tree % outputs) }
        return ensemble
    }

    /// Oblivious trees, as CatBoost grows them.
    public mutating func oblivious() -> TreeEnsemble {
        var ensemble = start()
        ensemble.leafWidth = outputs
        ensemble.treesPerIteration = 1
        for _ in 0..<trees {
            let isShort = random.next(below: 100) < ending
            let depth = isShort ? random.next(below: depth + 1) : depth
            let (firstLevel, firstLeaf) = (ensemble.levels.count, ensemble.leafCovers.count)
            for _ in 0..<depth { ensemble.levels.append(level()) }
            for _ in 0..<1 << depth {
                let isEmpty = random.next(below: 100) < empty
                ensemble.leafCovers.append(isEmpty ? 0 : Double(random.next(below: 50) + 1))
                for _ in 0..<outputs { ensemble.leafValues.append(leafValue()) }
            }
            ensemble.trees.append(
                .init(
                    shape: .oblivious(
                        firstLevel: firstLevel, depth: depth, firstLeaf: firstLeaf),
                    depth: depth, output: outputs == 1 ? 0 : -1))
        }
        return ensemble
    }

    private func start() -> TreeEnsemble {
        var ensemble = TreeEnsemble(
            profile: profile, inputCount: inputs, outputCount: outputs,
            base: (0..<outputs).map { Double($0) / 4 + 0.25 })
        ensemble.scale = profile == .catboost ? 0.75 : 1
        ensemble.treesPerIteration = hasVectors ? 1 : outputs
        ensemble.leafWidth = hasVectors ? outputs : 1
        ensemble.isAveraged = profile == .forest
        ensemble.categoryHashes = [11, -5, 0]
        ensemble.emptyTextHash = 77
        return ensemble
    }

    private mutating func grow(_ ensemble: inout TreeEnsemble, output: Int) {
        let first = ensemble.nodes.count
        ensemble.nodes.append(leaf(&ensemble, 0, 1_000))
        var open = [(index: 0, level: 0, cover: 1_000.0)]
        var deepest = 0
        while let (index, level, cover) = open.popLast() {
            deepest = max(deepest, level)
            if level == depth || (level > 1 && random.next(below: 100) < ending) { continue }
            let left = ensemble.nodes.count - first
            ensemble.nodes[first + index] = split(&ensemble, Int32(left), cover)
            var share = Double(random.next(below: 99) + 1) / 100
            if random.next(below: 100) < oneSided { share = Double(random.next(below: 2)) }
            for (child, part) in [(left, share), (left + 1, 1 - share)] {
                ensemble.nodes.append(leaf(&ensemble, Int32(child), cover * part))
                if cover * part > 0 { open.append((child, level + 1, cover * part)) }
                deepest = max(deepest, level + 1)
            }
        }
        ensemble.trees.append(
            .init(
                shape: .binary(firstNode: first, count: ensemble.nodes.count - first),
                depth: deepest, output: output))
    }

    // MARK: Leaves and levels

    /// Thirds, so that sums are rounded; of float32 where the library has float32.
    private mutating func leafValue() -> Double {
        let value = Double(Float(random.next(below: 2_000)) / 1_000 - 1) / 3
        return profile == .xgboost ? Double(Float(value)) : value
    }

    private mutating func leaf(
        _ ensemble: inout TreeEnsemble, _ number: Int32, _ cover: Double
    ) -> TreeEnsemble.Node {
        if hasVectors {
            let row = Int32(ensemble.leafValues.count / max(ensemble.leafWidth, 1))
            for _ in 0..<outputs { ensemble.leafValues.append(leafValue()) }
            return .leaf(0, number: number, row: row, cover: cover)
        }
        let value = leafValue()
        guard hasLinearLeaves, random.next(below: 2) == 0 else {
            return .leaf(value, number: number, cover: cover)
        }
        let row = ensemble.append(
            .init(
                constant: value, inputs: [0, 2], coefficients: [0.1, value / 3],
                fallback: value * 2))
        return .leaf(value * 2, number: number, row: row, cover: cover)
    }

    private mutating func level() -> TreeEnsemble.Level {
        let isHash = random.next(below: 100) < categorical
        return .init(
            input: Int32(random.next(below: inputs)), rule: isHash ? .hash : .greater,
            missing: random.next(below: 2) == 0 ? .left : .right, border: threshold(),
            hash: hash())
    }
}
