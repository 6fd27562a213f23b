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

    @Option(help: "XGBoost's C library; without it its lines are left out.")
    var xgboost: String?

    @Option(help: "Runs; the median counts.")
    var runs = 11

    @Option(help: "Instead: every layout against the plain walk, on so many rows.")
    var prove: Int?

    @Option(help: "Instead: only our own time for this model file of the folder.")
    var only: String?

    @Flag(help: "With --only: batches of 1,024 rows.")
    var batch = false

    @Option(help: "With --only: byRule, perfect, sibling or general.")
    var layout = "byRule"

    @Option(help: "With --only: calls of a run.")
    var calls = 10_000

    static let sizes = [(trees: 100, depth: 6), (trees: 500, depth: 8)]
    static let width = 40

    func run() throws {
        let rows = try BenchRows(path: "\(models)/X.f32", width: Self.width)
        if let only { return try time(only, rows) }
        if let prove { return try self.prove(prove, rows) }
        var isGood = true
        for (trees, depth) in Self.sizes {
            if let lightgbm {
                isGood = try singleRows(lightgbm, "lgb_\(trees)_\(depth).txt", rows) && isGood
            }
            if let xgboost {
                isGood = try xgboostRows(xgboost, "xgb_\(trees)_\(depth).json", rows) && isGood
            }
        }
        if !isGood { throw ExitCode.failure }
    }

    private func load(_ file: String, _ layout: LayoutChoice = .byRule) throws -> CompiledModel {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(models)/\(file)")))
        let clock = ContinuousClock()
        let start = clock.now
        let loaded = try ModelFile.load(bytes)
        let parsed = clock.now
        let model = CompiledModel(loaded, layout: layout)
        print(
            "\(file): \(model.treeCount) trees, \(model.layout); read in \(parsed - start), "
                + "compiled in \(clock.now - parsed), \(model.byteCount >> 10) KiB")
        return model
    }

    // MARK: Against the libraries

    private func singleRows(
        _ library: String, _ file: String, _ rows: BenchRows
    ) throws -> Bool {
        let model = try load(file)
        let peer = try Peer.lightgbm(library, "\(models)/\(file)", Self.width)
        let scratch = model.makeScratch()
        return rows.doubles.withUnsafeBufferPointer { values in
            func row(_ call: Int) -> UnsafePointer<Double> {
                values.baseAddress.unsafelyUnwrapped + call % rows.count * Self.width
            }
            let ours = { (call: Int) -> Double in
                var margin = 0.0
                withUnsafeMutablePointer(to: &margin) {
                    model.margins(
                        UnsafeBufferPointer(start: row(call), count: Self.width), .whole,
                        scratch, into: UnsafeMutableBufferPointer(start: $0, count: 1))
                }
                return margin
            }
            let theirs = { (call: Int) -> Double in lightgbm_row(peer, row(call)) }
            let isEqual = (0..<1_000).allSatisfy { ours($0).bitPattern == theirs($0).bitPattern }
            print("margins of 1,000 rows: \(isEqual ? "0 ulp" : "DIFFERENT")")
            let contest = Contest(name: "single row", calls: rows.count, runs: runs)
            let isFast = contest.run(
                against: "LightGBM's fast single-row call", target: 5, ours: ours, theirs: theirs)
            return isEqual && isFast
        }
    }

    private func xgboostRows(
        _ library: String, _ file: String, _ rows: BenchRows
    ) throws -> Bool {
        let model = try load(file)
        let peer = try Peer.xgboost(library, "\(models)/\(file)", Self.width)
        print("XGBoost \(String(cString: xgboost_version(peer)))")
        let batches = XGBoostBatches(model: model, peer: peer, rows: rows)
        let isEqual = batches.areEqual()
        print("margins of \(batches.count * 8) rows: \(isEqual ? "0 ulp" : "DIFFERENT")")
        let contest = Contest(
            name: "batch of 1,024", rowsPerCall: batches.count, callsPerBlock: 1, calls: 32,
            runs: runs)
        let isFast = batches.contest(contest)
        return isEqual && isFast
    }

    // MARK: Ours alone

    private func time(_ file: String, _ rows: BenchRows) throws {
        let choices: [String: LayoutChoice] = [
            "byRule": .byRule, "perfect": .perfect, "sibling": .sibling, "general": .general,
        ]
        let model = try load(file, choices[layout] ?? .byRule)
        let scratch = model.makeScratch()
        let perCall = batch ? 1_024 : 1
        var margins = [Double](repeating: 0, count: perCall * model.marginCount)
        var times: [Double] = []
        rows.doubles.withUnsafeBufferPointer { values in
            margins.withUnsafeMutableBufferPointer { margins in
                for _ in 0..<runs {
                    let start = Contest.now()
                    for call in 0..<calls {
                        let first = call * perCall % (rows.count - perCall + 1) * Self.width
                        model.margins(
                            rows: UnsafeBufferPointer(
                                rebasing: values[first..<first + perCall * Self.width]),
                            count: perCall, stride: Self.width, .whole, scratch, into: margins)
                    }
                    times.append(
                        Double(Contest.now() - start) / Double(calls * perCall) / 1_000)
                }
            }
        }
        times.sort()
        let median = times[times.count / 2]
        print(
            "\(file): \(Contest.text(median)) us a row, "
                + "\(Contest.text(median * 1_000 / Double(max(model.treeCount, 1)))) ns a tree")
    }

    /// Every layout on the rows, each value left alone or moved by a step at random.
    private func prove(_ count: Int, _ rows: BenchRows) throws {
        var random = SystemRandomNumberGenerator()
        for name in try FileManager.default.contentsOfDirectory(atPath: models).sorted()
        where name.hasSuffix(".json") || name.hasSuffix(".txt") {
            for layout in LayoutChoice.allCases where layout != .general {
                let model = try load(name, layout)
                let scratch = model.makeScratch()
                var row = [Double](repeating: 0, count: Self.width)
                var wrong = 0
                for index in 0..<count {
                    let first = index % rows.count * Self.width
                    for input in 0..<Self.width {
                        let value = rows.doubles[first + input]
                        row[input] =
                            switch UInt8.random(in: 0..<16, using: &random) {
                            case 0: Double(Float(value).nextUp)
                            case 1: Double(Float(value).nextDown)
                            case 2: value.nextUp
                            case 3: .nan
                            default: value
                            }
                    }
                    let agrees = row.withUnsafeBufferPointer {
                        model.layoutAgrees(on: $0, .whole, scratch)
                    }
                    if !agrees { wrong += 1 }
                }
                print(
                    "\(name), \(model.layout): \(count) rows, \(wrong) differ from the plain walk")
                if wrong > 0 { throw ExitCode.failure }
            }
        }
    }
}
