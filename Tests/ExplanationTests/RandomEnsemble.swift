import Numerics

@testable import Inference

/// Trees from a seed, with what the tests want of them.
struct RandomEnsemble {
    var random: SplitMix64
    var profile = NumericProfile.xgboost
    var inputs = 6
    var outputs = 1
    var trees = 3
    var depth = 7
    /// Splits in a hundred that ask for a category.
    var categorical = 0
    /// Splits of which all training rows went one way, in a hundred.
    var oneSided = 10
    /// Chance in a hundred that a branch ends before the greatest depth.
    var ending = 25

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func row() -> [Double] {
        (0..<inputs).map { _ in
            switch random.next(below: 12) {
            case 0: .nan
            case 1: 0
            case 2: Double(random.next(below: 10))
            default: Double(random.next(below: 100)) / 10
            }
        }
    }

    mutating func binary(vectorLeaves: Bool = false) -> TreeEnsemble {
        var ensemble = start()
        if vectorLeaves { ensemble.leafWidth = outputs }
        for tree in 0..<trees {
            let first = ensemble.nodes.count
            ensemble.nodes.append(leaf(&ensemble, 1_000))
            var open = [(index: 0, level: 0, cover: 1_000.0)]
            while let (index, level, cover) = open.popLast() {
                let ends = level > 1 && random.next(below: 100) < ending
                if level == depth || ends { continue }
                let left = ensemble.nodes.count - first
                ensemble.nodes[first + index] = split(&ensemble, left, cover)
                var share = Double(random.next(below: 99) + 1) / 100
                if random.next(below: 100) < oneSided { share = Double(random.next(below: 2)) }
                for (child, part) in [(left, share), (left + 1, 1 - share)] {
                    ensemble.nodes.append(leaf(&ensemble, cover * part))
                    if cover * part > 0 { open.append((child, level + 1, cover * part)) }
                }
            }
            ensemble.trees.append(
                .init(
                    shape: .binary(firstNode: first, count: ensemble.nodes.count - first),
                    depth: depth, output: vectorLeaves ? -1 : tree % outputs))
        }
        return ensemble
    }

    /// - Parameter empty: leaves in a hundred that no training row reached.
    mutating func oblivious(empty: Int) -> TreeEnsemble {
        var ensemble = start()
        ensemble.leafWidth = outputs
        for _ in 0..<trees {
            let (firstLevel, firstLeaf) = (ensemble.levels.count, ensemble.leafCovers.count)
            for _ in 0..<depth {
                ensemble.levels.append(
                    .init(
                        input: Int32(random.next(below: inputs)), rule: .greater,
                        missing: random.next(below: 2) == 0 ? .left : .right,
                        border: Double(Float(random.next(below: 100)) / 10)))
            }
            for _ in 0..<1 << depth {
                let isEmpty = random.next(below: 100) < empty
                ensemble.leafCovers.append(isEmpty ? 0 : Double(random.next(below: 50) + 1))
                for _ in 0..<outputs { ensemble.leafValues.append(value()) }
            }
            ensemble.trees.append(
                .init(
                    shape: .oblivious(
                        firstLevel: firstLevel, depth: depth, firstLeaf: firstLeaf),
                    depth: depth, output: outputs == 1 ? 0 : -1))
        }
        return ensemble
    }

    private mutating func start() -> TreeEnsemble {
        var ensemble = TreeEnsemble(profile: profile, inputCount: inputs, outputCount: outputs)
        ensemble.treesPerIteration = outputs
        ensemble.base = (0..<outputs).map { Double(Float($0) / 4 + 0.25) }
        return ensemble
    }

    private mutating func value() -> Double {
        Double(Float(random.next(below: 2_000)) / 1_000 - 1)
    }

    private mutating func leaf(_ ensemble: inout TreeEnsemble, _ cover: Double) -> TreeEnsemble.Node
    {
        guard ensemble.leafWidth > 1 else { return .leaf(value(), number: 0, cover: cover) }
        let row = Int32(ensemble.leafValues.count / ensemble.leafWidth)
        for _ in 0..<ensemble.leafWidth { ensemble.leafValues.append(value()) }
        return .leaf(0, number: 0, row: row, cover: cover)
    }

    private mutating func split(
        _ ensemble: inout TreeEnsemble, _ left: Int, _ cover: Double
    ) -> TreeEnsemble.Node {
        let input = Int32(random.next(below: inputs))
        if random.next(below: 100) < categorical {
            let isLeft = profile == .lightgbm
            let members = (0..<10).filter { _ in random.next(below: 2) == 0 }
            let set =
                isLeft
                ? ensemble.categorySets.append(bits: [members.reduce(0) { $0 | 1 << UInt32($1) }])
                : ensemble.categorySets.append(sorted: members.map { Int32($0) })
            return .split(
                input, isLeft ? .listedLeft : .listedRight, 0,
                missing: random.next(below: 2) == 0 ? .left : .right, left: Int32(left),
                right: Int32(left + 1), categories: set, cover: cover)
        }
        let choices: [TreeEnsemble.Missing] =
            profile == .lightgbm
            ? [.left, .right, .asZero, .zeroLeft, .zeroRight] : [.left, .right]
        return .split(
            input, profile == .xgboost ? .less : .lessOrEqual,
            Double(Float(random.next(below: 100)) / 10),
            missing: choices[random.next(below: choices.count)], left: Int32(left),
            right: Int32(left + 1), cover: cover)
    }
}
