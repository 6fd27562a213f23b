@testable import Inference

/// Shapley values by their definition, over all subsets of the inputs: slow, and with no idea of
/// how the explainer works.
struct ShapleyOracle {
    let ensemble: TreeEnsemble
    let row: [Double]
    let output: Int

    init(_ ensemble: TreeEnsemble, _ row: [Double], output: Int = 0) {
        self.ensemble = ensemble
        self.row = row.map(ensemble.profile.prepared)
        self.output = output
    }

    /// The sum of the trees, without base, scale or mean.
    var attributions: (base: Double, values: [Double]) {
        let worth = (0..<1 << row.count).map { expectation(known: $0) }
        return (worth[0], Self.shapley(worth))
    }

    /// - Parameter worth: of each coalition, by its bits.
    static func shapley(_ worth: [Double]) -> [Double] {
        let count = worth.count.trailingZeroBitCount
        func factorial(_ n: Int) -> Double { n < 2 ? 1 : Double(n) * factorial(n - 1) }
        return (0..<count).map { input in
            var value = 0.0
            for set in worth.indices where set >> input & 1 == 0 {
                let size = set.nonzeroBitCount
                let weight = factorial(size) * factorial(count - size - 1) / factorial(count)
                value += weight * (worth[set | 1 << input] - worth[set])
            }
            return value
        }
    }

    /// The sum with the inputs of `known` as the row has them, every other split averaged by cover.
    func expectation(known: Int) -> Double {
        var sum = 0.0
        for tree in ensemble.trees where tree.output == output || tree.output < 0 {
            switch tree.shape {
            case .binary(let first, _): sum += value(first, 0, known)
            case .oblivious(let level, let depth, let leaf):
                sum += value(level, depth, leaf..<leaf + 1 << depth, known)
            }
        }
        return sum
    }

    private func value(_ first: Int, _ index: Int, _ known: Int) -> Double {
        let node = ensemble.nodes[first + index]
        if node.isLeaf {
            return ensemble.leafWidth == 1
                ? node.value
                : ensemble.leafValues[Int(node.right) * ensemble.leafWidth + output]
        }
        let input = Int(node.input)
        if known >> input & 1 == 1 {
            let left = ensemble.goesLeft(node, row[input])
            return value(first, Int(left ? node.left : node.right), known)
        }
        let left = ensemble.nodes[first + Int(node.left)].cover
        let right = ensemble.nodes[first + Int(node.right)].cover
        return
            (left * value(first, Int(node.left), known)
            + right * value(first, Int(node.right), known)) / (left + right)
    }

    /// An oblivious tree, of which the last level is asked first.
    private func value(_ level: Int, _ depth: Int, _ leaves: Range<Int>, _ known: Int) -> Double {
        if depth == 0 {
            return ensemble.leafValues[leaves.lowerBound * ensemble.leafWidth + output]
        }
        let split = ensemble.levels[level + depth - 1].split
        let middle = leaves.lowerBound + leaves.count / 2
        let halves = [leaves.lowerBound..<middle, middle..<leaves.upperBound]
        if known >> Int(split.input) & 1 == 1 {
            let left = ensemble.goesLeft(split, row[Int(split.input)])
            return value(level, depth - 1, halves[left ? 0 : 1], known)
        }
        let covers = halves.map { ensemble.leafCovers[$0].reduce(0, +) }
        let sum = covers[0] + covers[1]
        let share = sum > 0 ? covers[0] / sum : 0.5
        return share * value(level, depth - 1, halves[0], known)
            + (1 - share) * value(level, depth - 1, halves[1], known)
    }
}
