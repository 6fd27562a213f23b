import Inference
import Numerics

/// Ensembles from a seed, of every profile, rule and shape.
struct RandomEnsemble {
    var random: SplitMix64
    let profile: NumericProfile
    /// Thresholds are drawn from few values, so that rows meet them.
    let thresholds: [Double]

    init(seed: UInt64, profile: NumericProfile) {
        random = SplitMix64(seed: seed)
        self.profile = profile
        var values: [Double] = [
            0, -0.0, 1, -1, 0.1, 1.0000000180025095e-35, -1.0000000180025095e-35, 1e-40, -1e-40,
            .leastNonzeroMagnitude, 1e300, -1e300, .infinity, -.infinity, .greatestFiniteMagnitude,
            3.4e38,
        ]
        for _ in 0..<40 {
            values.append(Double(random.next(below: 2_001)) / 1_000 - 1 + 0x1p-30)
        }
        let isFloat = profile == .xgboost || profile == .catboost
        thresholds = isFloat ? values.map { Double(Float($0)) } : values
    }

    var ensemble: TreeEnsemble {
        mutating get { make(inputs: 6, outputs: 1, trees: 20, depth: 6) }
    }

    mutating func make(
        inputs: Int, outputs: Int, trees: Int, depth: Int, vectors: Bool = false,
        categories: Bool = false, linear: Bool = false
    ) -> TreeEnsemble {
        var result = TreeEnsemble(
            profile: profile, inputCount: inputs, outputCount: outputs,
            base: (0..<outputs).map { Double($0) / 4 + 0.25 })
        result.scale = profile == .catboost ? 0.75 : 1
        result.treesPerIteration = vectors ? 1 : outputs
        result.leafWidth = vectors ? outputs : 1
        result.isAveraged = profile == .forest
        result.categoryHashes = [11, -5, 0]
        result.emptyTextHash = 77
        for number in 0..<trees {
            grow(
                &result, depth: depth, output: vectors ? -1 : number % outputs,
                categories: categories, linear: linear)
        }
        return result
    }

    private mutating func grow(
        _ result: inout TreeEnsemble, depth: Int, output: Int, categories: Bool, linear: Bool
    ) {
        var nodes: [TreeEnsemble.Node] = [leaf(&result, 0, linear)]
        var open = [(index: 0, level: 0)]
        var deepest = 0
        while let (index, level) = open.popLast() {
            deepest = max(deepest, level)
            if level == depth || (level > 0 && random.next(below: 6) == 0) { continue }
            let left = Int32(nodes.count)
            nodes[index] = split(&result, left, categories)
            for child in 0..<2 {
                nodes.append(leaf(&result, Int32(nodes.count), linear))
                open.append((Int(left) + child, level + 1))
            }
        }
        result.trees.append(
            .init(
                shape: .binary(firstNode: result.nodes.count, count: nodes.count),
                depth: deepest, output: output))
        result.nodes += nodes
    }

    private mutating func leaf(
        _ result: inout TreeEnsemble, _ number: Int32, _ linear: Bool
    ) -> TreeEnsemble.Node {
        let value = Double(Float(random.next(below: 2_000)) / 1_000 - 1) / 3
        let row = Int32(result.leafValues.count / max(result.leafWidth, 1))
        if result.leafWidth > 1 {
            for _ in 0..<result.leafWidth { result.leafValues.append(value / 7) }
            return .leaf(0, number: number, row: row)
        }
        guard linear, random.next(below: 2) == 0 else {
            let rounded = profile == .xgboost ? Double(Float(value)) : value
            return .leaf(rounded, number: number)
        }
        _ = result.append(
            .init(
                constant: value, inputs: [0, 2], coefficients: [0.1, value / 3],
                fallback: value * 2))
        return .leaf(
            value * 2, number: number, row: Int32(result.linearLeaves.count - 1))
    }

    private mutating func split(
        _ result: inout TreeEnsemble, _ left: Int32, _ categories: Bool
    ) -> TreeEnsemble.Node {
        let input = Int32(random.next(below: result.inputCount))
        if categories, random.next(below: 3) == 0 {
            return categorical(&result, input, left)
        }
        let rule: TreeEnsemble.Rule
        var missing: TreeEnsemble.Missing = random.next(below: 2) == 0 ? .left : .right
        switch profile {
        case .xgboost: rule = .less
        case .catboost: rule = .greater
        case .forest:
            rule = .lessOrEqual
            if input == 5 { missing = .refused }
        case .lightgbm, .linear:
            rule = .lessOrEqual
            missing = [.left, .right, .asZero, .zeroLeft, .zeroRight][random.next(below: 5)]
        }
        return .split(
            input, rule, thresholds[random.next(below: thresholds.count)], missing: missing,
            left: left, right: left + 1)
    }

    private mutating func categorical(
        _ result: inout TreeEnsemble, _ input: Int32, _ left: Int32
    ) -> TreeEnsemble.Node {
        switch profile {
        case .catboost:
            return .split(
                input, .hash, [11, -5, 0, 77, 3][random.next(below: 5)], missing: .left,
                left: left, right: left + 1)
        case .lightgbm:
            let set = result.categorySets.append(
                bits: [UInt32(truncatingIfNeeded: random.next()), 1])
            return .split(
                input, .listedLeft, 0, missing: .right, left: left, right: left + 1,
                categories: set)
        default:
            let listed = (0..<40).map(Int32.init).filter { _ in random.next(below: 3) == 0 }
            let set = result.categorySets.append(sorted: listed)
            return .split(
                input, .listedRight, .nan, missing: .right, left: left, right: left + 1,
                categories: set)
        }
    }

    /// Oblivious trees, as CatBoost grows them.
    mutating func oblivious(inputs: Int, outputs: Int, trees: Int) -> TreeEnsemble {
        var result = make(inputs: inputs, outputs: outputs, trees: 0, depth: 0)
        result.leafWidth = outputs
        for _ in 0..<trees {
            let depth = random.next(below: 8)
            result.trees.append(
                .init(
                    shape: .oblivious(
                        firstLevel: result.levels.count, depth: depth,
                        firstLeaf: result.leafValues.count / outputs), depth: depth,
                    output: outputs == 1 ? 0 : -1))
            for _ in 0..<depth {
                let isHash = random.next(below: 5) == 0
                result.levels.append(
                    .init(
                        input: Int32(random.next(below: inputs)), rule: isHash ? .hash : .greater,
                        missing: random.next(below: 2) == 0 ? .left : .right,
                        border: thresholds[random.next(below: thresholds.count)],
                        hash: [11, -5, 0, 77, 3][random.next(below: 5)]))
            }
            for _ in 0..<outputs << depth {
                result.leafValues.append(Double(random.next(below: 2_000)) / 3_000 - 0.3)
            }
        }
        return result
    }

    // MARK: Rows

    /// Values at thresholds and one step to each side of them, in both widths, and odd ones.
    mutating func row(inputs: Int) -> [Double] {
        (0..<inputs).map { _ in value() }
    }

    private mutating func value() -> Double {
        let threshold = thresholds[random.next(below: thresholds.count)]
        switch random.next(below: 12) {
        case 0: return .nan
        case 1: return [.infinity, -.infinity, 0, -0.0][random.next(below: 4)]
        case 2: return threshold.nextUp
        case 3: return threshold.nextDown
        case 4: return Double(Float(threshold).nextUp)
        case 5: return Double(Float(threshold).nextDown)
        case 6: return threshold
        case 7: return Double(Float(threshold))
        case 8: return Double(random.next(below: 45)) - 2
        case 9: return Double(random.next(below: 90)) / 2 - 3
        default: return Double(random.next(below: 4_000_001)) / 1_000_000 - 2
        }
    }
}

extension CompiledModel {
    /// A model of trees that no file states.
    convenience init(
        _ trees: TreeEnsemble, layout: LayoutChoice = .byRule, link: Link = .identity
    ) {
        self.init(
            LoadedModel(
                format: .xgboostJSON, library: "", objective: "", link: link,
                inputs: (0..<trees.inputCount).map { _ in ModelInput() }, body: .trees(trees)),
            layout: layout)
    }
}
