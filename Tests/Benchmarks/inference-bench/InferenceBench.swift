import ArgumentParser
import Foundation
import Inference

/// Time of one row on one thread, single rows one after the other; rows from a seed, 5 % of their
/// values missing.
@main
struct InferenceBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "inference-bench")

    @Argument(help: "An XGBoost model as JSON; see peers.py, which makes one.")
    var model: String

    @Option(help: "Rows per run.")
    var rows = 20_000

    @Option(help: "Runs; the median is printed.")
    var runs = 11

    func run() throws {
        let artifact = [UInt8](try Data(contentsOf: URL(filePath: model)))
        let clock = ContinuousClock()
        let start = clock.now
        let model = try TreeModel(artifact)
        let loading = clock.now - start
        let data = Self.rows(count: 1_024, width: model.inputCount)
        print(
            "\(model.treeCount) trees, depth \(model.compiled.forest.depth), "
                + "\(model.compiled.forest.nodeCount) nodes, \(model.inputCount) inputs, "
                + "\(model.compiled.layout) layout; loaded in \(loading)")
        for layout in CompiledForest.Layout.allCases {
            let compiled = CompiledForest(model.compiled.forest, preferred: layout)
            guard compiled.layout == layout else { continue }
            report("\(layout) layout", count: rows) { index in
                var margin: Float = 0
                data[index & 1_023].withUnsafeBufferPointer { row in
                    withUnsafeMutablePointer(to: &margin) {
                        compiled.margins(row, into: UnsafeMutableBufferPointer(start: $0, count: 1))
                    }
                }
                return Double(margin)
            }
        }
        if let explainer = model.explainer {
            report("TreeSHAP", count: min(rows, 200)) { index in
                explainer.attributions(data[index & 1_023])?.values.first ?? 0
            }
        }
    }

    private func report(_ name: String, count: Int, _ body: (Int) -> Double) {
        let clock = ContinuousClock()
        var sum = 0.0
        var times: [Double] = []
        for _ in 0..<runs {
            let start = clock.now
            for index in 0..<count { sum += body(index) }
            let (seconds, attoseconds) = (clock.now - start).components
            let microseconds = Double(seconds) * 1e6 + Double(attoseconds) / 1e12
            times.append(microseconds / Double(count))
        }
        times.sort()
        print(
            "\(name): median \(Self.text(times[runs / 2])) us a row "
                + "(\(Self.text(times[0])) to \(Self.text(times[runs - 1]))), checksum \(sum)")
    }

    private static func text(_ value: Double) -> String { String(format: "%.3f", value) }

    private static func rows(count: Int, width: Int) -> [[Float]] {
        var random = SystemlessRandom(state: 42)
        return (0..<count).map { _ in
            (0..<width).map { _ in
                let value = Float(random.next() >> 40) / Float(1 << 24) * 4 - 2
                return random.next() % 20 == 0 ? .nan : value
            }
        }
    }
}

/// SplitMix64: the same rows on every machine.
struct SystemlessRandom {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
