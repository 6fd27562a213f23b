import Foundation
import Inference

/// How time grows with trees and with depth.
struct Growth {
    let bench: Bench

    static let names =
        [50, 100, 200, 400, 800].map { "\($0)_6" } + [4, 8, 10, 12].map { "100_\($0)" }
        + ["100_leafwise"]

    func run(lightgbm: String?, xgboost: String?) throws -> Bool {
        var isEqual = true
        if let lightgbm {
            Self.head("single rows", "LightGBM's fast single-row call")
            let rows = SingleRows(bench: bench, library: lightgbm)
            for file in Self.names.map({ "lgb_\($0).txt" }) where bench.has(file) {
                isEqual = try rows.growth(file) && isEqual
            }
        }
        if let xgboost {
            Self.head("batches of 1,024", "XGBoost in place")
            for file in Self.names.map({ "xgb_\($0).json" }) where bench.has(file) {
                let batches = try XGBoostBatches(bench: bench, library: xgboost, file: file)
                isEqual = batches.growth() && isEqual
            }
        }
        return isEqual
    }

    private static func head(_ title: String, _ peer: String) {
        print("\n\(title): nanoseconds a tree and row")
        print(columns("model", "layout", "KiB", "ours", peer, "ratio"))
    }

    static func line(
        _ file: String, _ model: CompiledModel, _ result: Contest.Result, _ isEqual: Bool
    ) {
        let trees = Double(model.treeCount) / 1_000
        print(
            columns(
                file, model.layout, String(model.byteCount >> 10),
                Contest.text(result.ours / trees), Contest.text(result.theirs / trees),
                Contest.text(result.ratio)) + (isEqual ? "" : "  DIFFERENT"))
    }

    private static func columns(_ texts: String...) -> String {
        let widths = [18, 24, 8, 8, 32, 8]
        return zip(texts, widths).map { text, width in
            text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
        }.joined(separator: " ")
    }
}
