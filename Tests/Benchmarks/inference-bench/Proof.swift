import Foundation
import Inference
import Numerics

/// Every layout on rows from a seed: the margins and leaves of the plain walk, bit for bit, one by
/// one and in batches.
struct Proof {
    let folder: String
    let rows: Int
    let seed: UInt64
    private let batch = 256

    func run() throws {
        print("seed \(seed)")
        var isGood = true
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        for file in files where [".json", ".ubj", ".txt"].contains(where: file.hasSuffix) {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(file)")))
            let loaded = try ModelFile.load(bytes)
            guard let trees = loaded.trees else { continue }
            let models = LayoutChoice.allCases.map { CompiledModel(loaded, layout: $0) }
            let wrong = prove(trees, models)
            let layouts = models.map(\.layout).joined(separator: "; ")
            print("\(file) as \(layouts): \(rows) rows, \(wrong) wrong")
            isGood = isGood && wrong == 0
        }
        if !isGood { throw Peer.Refused(description: "a layout differs from the plain walk") }
    }

    private func prove(_ trees: TreeEnsemble, _ models: [CompiledModel]) -> Int {
        var random = SplitMix64(seed: seed)
        let thresholds = Self.thresholds(trees)
        let scratches = models.map { $0.makeScratch() }
        let width = trees.inputCount
        var flat = [Double](repeating: 0, count: batch * width)
        var (expected, leaves): ([Double], [Int32]) = ([], [])
        var margins = [Double](repeating: 0, count: trees.outputCount)
        var wrong = 0
        for start in stride(from: 0, to: rows, by: batch) {
            let count = min(batch, rows - start)
            for index in 0..<count * width {
                flat[index] = Self.value(thresholds[index % width], &random)
            }
            var references: [Double] = []
            flat.withUnsafeBufferPointer { flat in
                for row in 0..<count {
                    let row = UnsafeBufferPointer(rebasing: flat[row * width..<(row + 1) * width])
                    trees.reference(row, margins: &expected, leaves: &leaves)
                    references += expected
                    let agree = zip(models, scratches).allSatisfy { model, scratch in
                        margins.withUnsafeMutableBufferPointer {
                            model.margins(row, .whole, scratch, into: $0)
                        }
                        var found = leaves
                        found.withUnsafeMutableBufferPointer {
                            model.leaves(row, .whole, scratch, into: $0)
                        }
                        return found == leaves && Self.same(margins, expected)
                    }
                    if !agree { wrong += 1 }
                }
            }
            for (model, scratch) in zip(models, scratches) {
                var together = [Double](repeating: 0, count: count * trees.outputCount)
                flat.withUnsafeBufferPointer { flat in
                    together.withUnsafeMutableBufferPointer {
                        model.margins(
                            rows: flat, count: count, stride: width, .whole, scratch, into: $0)
                    }
                }
                if !Self.same(together, references) { wrong += 1 }
            }
        }
        return wrong
    }

    private static func same(_ a: [Double], _ b: [Double]) -> Bool {
        a.count == b.count
            && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }
    }

    /// Of each input.
    private static func thresholds(_ trees: TreeEnsemble) -> [[Double]] {
        var found = [[Double]](repeating: [0], count: trees.inputCount)
        for node in trees.nodes where !node.isLeaf { found[Int(node.input)].append(node.value) }
        for level in trees.levels { found[Int(level.input)].append(level.border) }
        return found
    }

    /// A threshold, one step beside it in either width, a number near it, or something odd.
    private static func value(_ thresholds: [Double], _ random: inout SplitMix64) -> Double {
        let threshold = thresholds[random.next(below: thresholds.count)]
        switch random.next(below: 24) {
        case 0: return .nan
        case 1: return threshold
        case 2: return threshold.nextUp
        case 3: return threshold.nextDown
        case 4: return Double(Float(threshold).nextUp)
        case 5: return Double(Float(threshold).nextDown)
        case 6: return Double(Float(threshold))
        case 7: return [0, -0.0, .infinity, -.infinity][random.next(below: 4)]
        case 8:
            return [1e-36, -1e-36, 1e-40, Double.leastNonzeroMagnitude, 1e300][
                random.next(below: 5)]
        case 9: return Double(random.next(below: 40)) - 2
        default: return threshold + Double(random.next(below: 2_001)) / 10_000 - 0.1
        }
    }
}
