import ArgumentParser
import AssayMessages
import Foundation
import Inference
import ModelCore
import Storage
import Wire

/// Time of one row on one thread, single rows one after the other; rows from a seed, 5 % of their
/// values missing.
@main
struct PredictBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "predict-bench")

    @Argument(help: "An XGBoost model as JSON.")
    var model: String

    @Option(help: "Rows per run.")
    var rows = 20_000

    @Option(help: "Runs; the median is printed.")
    var runs = 11

    @Option(help: "The model's manifest: the whole Predict is timed too, from bytes to bytes.")
    var manifest: String?

    func run() async throws {
        let artifact = [UInt8](try Data(contentsOf: URL(filePath: model)))
        let clock = ContinuousClock()
        let start = clock.now
        let model = try TreeModel(artifact)
        let loading = clock.now - start
        let data = Self.rows(count: 1_024, width: model.inputCount)
        print(
            "\(model.treeCount) trees, \(model.inputCount) inputs, \(model.compiled.layout); "
                + "loaded in \(loading)")
        for choice in LayoutChoice.allCases {
            let compiled = CompiledModel(model.compiled.model, layout: choice)
            let scratch = compiled.makeScratch()
            report("\(choice): \(compiled.layout)", count: rows) { index in
                var margin = 0.0
                data[index & 1_023].withUnsafeBufferPointer { row in
                    withUnsafeMutablePointer(to: &margin) {
                        compiled.margins(
                            rows: row, count: 1, stride: row.count, .whole, scratch,
                            into: UnsafeMutableBufferPointer(start: $0, count: 1))
                    }
                }
                return margin
            }
        }
        if let explainer = model.explainer {
            report("TreeSHAP", count: min(rows, 200)) { index in
                explainer.attributions(data[index & 1_023])?.values.first ?? 0
            }
        }
        if let manifest { try await timeHandler(artifact, manifest) }
    }

    /// Decode, look up, check, score, encode: what a call costs besides the transport.
    private func timeHandler(_ artifact: [UInt8], _ path: String) async throws {
        let manifest = try AssayModelsV1.Manifest(
            jsonBytes: [UInt8](try Data(contentsOf: URL(filePath: path))))
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "predict-bench-\(ProcessInfo.processInfo.processIdentifier)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try RocksDBStore(
            directory: "\(folder)/registry", families: ModelRegistry.families)
        defer { store.close() }
        let registry = try await ModelRegistry(
            store: store, artifacts: try ArtifactFolder(path: "\(folder)/artifacts"),
            now: { Timestamp(nanosecondsSinceEpoch: 0) })
        _ = try await registry.register(
            .init(requestID: "r", model: "m", manifest: manifest, artifact: artifact))
        for mode in [AssayModelsV1.ExplainMode.none, .reasons] {
            let requests = manifest.goldenRows.map {
                AssayModelsV1.PredictRequest(
                    requestID: "p", model: "m", selector: .version(1), values: $0.values,
                    explain: mode
                ).encoded()
            }
            let name = "whole Predict, " + (mode == .none ? "no reasons" : "with reasons")
            report(name, count: mode == .none ? rows : min(rows, 500)) { index in
                guard
                    let request = try? AssayModelsV1.PredictRequest(
                        decoding: requests[index % requests.count], door: .strict),
                    let response = try? Predictor.predict(request, in: registry.serving.current)
                else { return .nan }
                return Double(response.encoded().count)
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
