import Inference
import ModelPeers

/// The same batches of float32 rows for both sides.
final class XGBoostBatches {
    private let bench: Bench
    private let model: CompiledModel
    private let file: String
    private let peer: OpaquePointer
    private let scratch: ModelScratch
    private let count = 1_024
    private let batches = 8

    init(bench: Bench, library: String, file: String) throws {
        self.bench = bench
        self.file = file
        model = try bench.load(file)
        peer = try Peer.xgboost(library, "\(bench.folder)/\(file)", Bench.width)
        scratch = model.makeScratch()
    }

    deinit { xgboost_close(peer) }

    private func withRows<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
        bench.rows.singles.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }

    private func batch(_ rows: UnsafePointer<Float>, _ call: Int) -> UnsafePointer<Float> {
        rows + call % batches * count * Bench.width
    }

    private func score(
        _ start: UnsafePointer<Float>, _ count: Int, _ margins: UnsafeMutableBufferPointer<Double>
    ) {
        model.margins(
            rows: UnsafeBufferPointer(start: start, count: count * Bench.width), count: count,
            stride: Bench.width, .whole, scratch,
            into: UnsafeMutableBufferPointer(rebasing: margins[0..<count]))
    }

    private func interface(_ start: UnsafePointer<Float>, _ count: Int) -> [CChar] {
        var text = [CChar](repeating: 0, count: 160)
        xgboost_interface(start, Int32(count), Int32(Bench.width), &text, 160)
        return text
    }

    private func areEqual() -> Bool {
        var margins = [Double](repeating: 0, count: count)
        return withRows { rows in
            (0..<batches).allSatisfy { call in
                let start = batch(rows, call)
                margins.withUnsafeMutableBufferPointer { score(start, count, $0) }
                guard let matrix = xgboost_matrix(peer, start, Int32(count)) else { return false }
                defer { xgboost_free_matrix(peer, matrix) }
                guard let theirs = xgboost_predict(peer, matrix, 1) else { return false }
                return (0..<count).allSatisfy {
                    margins[$0].bitPattern == Double(theirs[$0]).bitPattern
                }
            }
        }
    }

    /// Against both ways of the library: matrices that are fresh, because it keeps the predictions
    /// of each, and whose making is not timed; and rows in place. Then rows one by one.
    func contest() -> Bool {
        let isEqual = Bench.expect(areEqual(), "margins of \(count * batches) rows")
        let contest = Contest(
            name: "batch of 1,024", rowsPerCall: count, callsPerBlock: 1, calls: 32,
            runs: bench.runs)
        var margins = [Double](repeating: 0, count: count)
        return withRows { rows in
            margins.withUnsafeMutableBufferPointer { margins in
                let ours = { [self] (call: Int) -> Double in
                    score(batch(rows, call), count, margins)
                    return margins[0]
                }
                let fresh = (0..<contest.calls * (contest.runs + 1)).map {
                    xgboost_matrix(peer, batch(rows, $0), Int32(count))
                }
                defer { for matrix in fresh { xgboost_free_matrix(peer, matrix) } }
                var next = 0
                let byMatrix = contest.run(against: "XGBoost's matrix", target: 1, ours: ours) {
                    _ in
                    next += 1
                    return Double(xgboost_predict(peer, fresh[next - 1], 1)?[0] ?? .nan)
                }
                let inPlace = contest.run(
                    against: "XGBoost in place", target: 1, ours: ours, theirs: inPlace(rows))
                return singles(rows, margins) && byMatrix && inPlace && isEqual
            }
        }
    }

    private func inPlace(_ rows: UnsafePointer<Float>) -> (Int) -> Double {
        let texts = (0..<batches).map { interface(batch(rows, $0), count) }
        return { [peer] in
            Double(xgboost_in_place(peer, texts[$0 % texts.count])?[0] ?? .nan)
        }
    }

    private func singles(
        _ rows: UnsafePointer<Float>, _ margins: UnsafeMutableBufferPointer<Double>
    ) -> Bool {
        let texts = (0..<1_000).map { interface(rows + $0 * Bench.width, 1) }
        return Contest(name: "single row", calls: 1_000, runs: bench.runs).run(
            against: "XGBoost in place", target: 20,
            ours: { call in
                score(rows + call * Bench.width, 1, margins)
                return margins[0]
            }, theirs: { Double(xgboost_in_place(peer, texts[$0])?[0] ?? .nan) })
    }

    /// One line of a table.
    func growth() -> Bool {
        let isEqual = areEqual()
        let contest = Contest(
            name: file, rowsPerCall: count, callsPerBlock: 1, calls: batches, runs: bench.runs)
        var margins = [Double](repeating: 0, count: count)
        let result = withRows { rows in
            margins.withUnsafeMutableBufferPointer { margins in
                contest.measure(
                    ours: { call in
                        score(batch(rows, call), count, margins)
                        return margins[0]
                    }, theirs: inPlace(rows))
            }
        }
        Growth.line(file, model, result, isEqual)
        return isEqual
    }
}
