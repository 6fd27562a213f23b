import Foundation
import Inference
import ModelPeers

/// What each input added to a margin (TreeSHAP), one row after the other, against the libraries'
/// own, which get their rows together.
struct Contributions {
    let bench: Bench
    /// Of one call: XGBoost's slowest call takes half a second.
    private var count: Int { 16 }

    func xgboost(_ library: String, _ file: String) throws -> Bool {
        let peer = try Peer.xgboost(library, "\(bench.folder)/\(file)", Bench.width)
        defer { xgboost_close(peer) }
        let version = String(cString: xgboost_version(peer))
        // It sums in float32.
        return try run(file, "XGBoost \(version)", target: Self.isClassic(version) ? 5 : 0, 1e-5) {
            call, values in
            bench.rows.singles.withUnsafeBufferPointer { rows in
                let start = rows.baseAddress.unsafelyUnwrapped + first(call) * Bench.width
                guard let matrix = xgboost_matrix(peer, start, Int32(count)) else { return }
                defer { xgboost_free_matrix(peer, matrix) }
                guard let found = xgboost_predict(peer, matrix, 2) else { return }
                for index in values.indices { values[index] = Double(found[index]) }
            }
        }
    }

    func lightgbm(_ library: String, _ file: String) throws -> Bool {
        let peer = try Peer.lightgbm(library, "\(bench.folder)/\(file)", Bench.width)
        defer { lightgbm_close(peer) }
        return try run(file, "LightGBM", target: 5, 1e-9) { call, values in
            bench.rows.doubles.withUnsafeBufferPointer { rows in
                let start = rows.baseAddress.unsafelyUnwrapped + first(call) * Bench.width
                values.withUnsafeMutableBufferPointer {
                    _ = lightgbm_contributions(peer, start, Int32(count), $0.baseAddress)
                }
            }
        }
    }

    /// The algorithm of Lundberg et al., whose time the goal was set against; 3.3 sums by quadrature
    /// in float32.
    private static func isClassic(_ version: String) -> Bool {
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        return numbers.count >= 2 && (numbers[0], numbers[1]) <= (3, 2)
    }

    private func first(_ call: Int) -> Int { call * count % (bench.rows.count - count) }

    private func run(
        _ file: String, _ name: String, target: Double, _ bound: Double,
        theirs: (Int, inout [Double]) -> Void
    ) throws -> Bool {
        guard let trees = try bench.load(file).model.trees, let explainer = TreeExplainer(trees)
        else { throw Peer.Refused(description: "\(file) has no covers") }
        let scratch = explainer.makeScratch()
        let values = Bench.width + 1
        var (found, expected) = ([Double](), [Double](repeating: .nan, count: values * count))
        let ours = { (call: Int) -> Double in
            found.removeAll(keepingCapacity: true)
            bench.rows.doubles.withUnsafeBufferPointer { rows in
                for row in first(call)..<first(call) + count {
                    let start = rows.baseAddress.unsafelyUnwrapped + row * Bench.width
                    let row = UnsafeBufferPointer(start: start, count: Bench.width)
                    guard
                        let parts = try? explainer.explain(row, output: 0, .whole, scratch: scratch)
                    else { return }
                    found += parts.values
                    found.append(parts.base)
                }
            }
            return found.last ?? .nan
        }
        var worst = 0.0
        for call in 0..<4 {
            _ = ours(call)
            theirs(call, &expected)
            for (a, b) in zip(found, expected) {
                let distance = abs(a - b)
                worst = distance.isNaN ? .infinity : max(worst, distance)
            }
        }
        let isEqual = worst <= bound && found.count == expected.count
        print(
            "TreeSHAP of \(file), \(4 * count) rows: at most \(worst) from \(name), "
                + (isEqual ? "within \(bound)" : "NOT within \(bound)"))
        let calls = file.contains("_500_") ? 4 : 16
        let isFast = Contest(
            name: "TreeSHAP", rowsPerCall: count, callsPerBlock: 1, calls: calls,
            runs: min(bench.runs, 11)
        ).run(against: name, target: target, ours: ours) { call in
            theirs(call, &expected)
            return expected[0]
        }
        return isEqual && isFast
    }
}
