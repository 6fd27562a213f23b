import ArgumentParser
import Foundation
import Inference
import ModelPeers

/// Rows scored by the engine and by the libraries, in one process, on one thread, in turns. Fails if
/// a margin differs by a bit or a ratio is missed.
@main
struct InferenceBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "inference-bench")

    @Option(help: "Folder of make_models.py: the models and X.f32.")
    var models: String

    @Option(help: "LightGBM's C library; without it its lines are left out.")
    var lightgbm: String?

    @Option(help: "XGBoost's C libraries; the first takes part in everything, all in TreeSHAP.")
    var xgboost: [String] = []

    @Option(help: "Runs; the median counts.")
    var runs = 11

    @Option(help: "Parts to run: single, batch, shap, growth.")
    var parts = "single,batch,shap,growth"

    @Option(help: "Instead: every layout against the plain walk, on so many rows.")
    var prove: Int?

    @Option(help: "With --prove: where its rows come from.")
    var seed: UInt64 = 7

    @Option(help: "Instead: only our own time for this model file of the folder.")
    var only: String?

    @Flag(help: "With --only: batches of 1,024 rows.")
    var batch = false

    @Option(help: "With --only: byRule, perfect, sibling or general.")
    var layout = "byRule"

    @Option(help: "With --only: calls of a run.")
    var calls = 10_000

    static let sizes = ["100_6", "500_8"]

    func run() throws {
        if let prove { return try Proof(folder: models, rows: prove, seed: seed).run() }
        let rows = try BenchRows(path: "\(models)/X.f32", width: Bench.width)
        let bench = Bench(folder: models, rows: rows, runs: max(runs, 1))
        if let only { return try time(only, bench) }
        print("\(Self.machine), one thread, median of \(bench.runs) runs")
        var isGood = true
        if parts.contains("single"), let lightgbm {
            for size in Self.sizes {
                let rows = SingleRows(bench: bench, library: lightgbm)
                isGood = try rows.contest("lgb_\(size).txt") && isGood
            }
        }
        if parts.contains("batch"), let xgboost = xgboost.first {
            for size in Self.sizes {
                let file = "xgb_\(size).json"
                _ = try bench.introduce(file)
                let batches = try XGBoostBatches(bench: bench, library: xgboost, file: file)
                isGood = batches.contest() && isGood
            }
        }
        if parts.contains("shap") { isGood = try contributions(bench) && isGood }
        if parts.contains("growth") {
            let growth = Growth(bench: bench)
            isGood = try growth.run(lightgbm: lightgbm, xgboost: xgboost.first) && isGood
        }
        if !isGood { throw ExitCode.failure }
    }

    private func contributions(_ bench: Bench) throws -> Bool {
        let contributions = Contributions(bench: bench)
        var isGood = true
        for size in Self.sizes {
            for library in xgboost {
                isGood = try contributions.xgboost(library, "xgb_\(size).json") && isGood
            }
            if let lightgbm {
                isGood = try contributions.lightgbm(lightgbm, "lgb_\(size).txt") && isGood
            }
        }
        return isGood
    }

    private static var machine: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":").last.map(String.init) ?? " unknown processor"
        return name.trimmingCharacters(in: .whitespaces)
    }

    // MARK: Ours alone

    private func time(_ file: String, _ bench: Bench) throws {
        let choices: [String: LayoutChoice] = [
            "byRule": .byRule, "perfect": .perfect, "sibling": .sibling, "general": .general,
        ]
        guard let choice = choices[layout] else {
            throw ValidationError("--layout: byRule, perfect, sibling or general, not \(layout)")
        }
        let model = try bench.load(file, choice)
        let scratch = model.makeScratch()
        let perCall = batch ? 1_024 : 1
        var margins = [Double](repeating: 0, count: perCall * model.marginCount)
        var times: [Double] = []
        bench.rows.doubles.withUnsafeBufferPointer { values in
            margins.withUnsafeMutableBufferPointer { margins in
                for _ in 0..<bench.runs {
                    let start = Contest.now()
                    for call in 0..<calls {
                        let first =
                            call * perCall % (bench.rows.count - perCall + 1) * Bench.width
                        model.margins(
                            rows: UnsafeBufferPointer(
                                rebasing: values[first..<first + perCall * Bench.width]),
                            count: perCall, stride: Bench.width, .whole, scratch, into: margins)
                    }
                    times.append(
                        Double(Contest.now() - start) / Double(calls * perCall) / 1_000)
                }
            }
        }
        let median = Contest.median(times)
        print(
            "\(file), \(model.layout): \(Contest.text(median)) us a row, "
                + "\(Contest.text(median * 1_000 / Double(max(model.treeCount, 1)))) ns a tree")
    }
}
