import Inference
import ModelPeers

/// The same batches of float32 rows for both sides.
struct XGBoostBatches {
    let model: CompiledModel
    let peer: OpaquePointer
    let rows: BenchRows
    let count = 1_024
    private let batches = 8

    init(model: CompiledModel, peer: OpaquePointer, rows: BenchRows) {
        self.model = model
        self.peer = peer
        self.rows = rows
    }

    private func withRows<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
        rows.singles.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }

    private func batch(_ rows: UnsafePointer<Float>, _ call: Int) -> UnsafePointer<Float> {
        rows + call % batches * count * self.rows.width
    }

    private func score(
        _ start: UnsafePointer<Float>, _ count: Int, _ scratch: ModelScratch,
        _ margins: UnsafeMutableBufferPointer<Double>
    ) {
        model.margins(
            rows: UnsafeBufferPointer(start: start, count: count * rows.width), count: count,
            stride: rows.width, .whole, scratch,
            into: UnsafeMutableBufferPointer(rebasing: margins[0..<count]))
    }

    private func interface(_ start: UnsafePointer<Float>, _ count: Int) -> [CChar] {
        var text = [CChar](repeating: 0, count: 160)
        xgboost_interface(start, Int32(count), Int32(rows.width), &text, 160)
        return text
    }

    func areEqual() -> Bool {
        var margins = [Double](repeating: 0, count: count)
        let scratch = model.makeScratch()
        return withRows { rows in
            (0..<batches).allSatisfy { call in
                let start = batch(rows, call)
                margins.withUnsafeMutableBufferPointer { score(start, count, scratch, $0) }
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
    /// of each, and whose making is not timed; and rows in place.
    func contest(_ contest: Contest) -> Bool {
        var margins = [Double](repeating: 0, count: count)
        let scratch = model.makeScratch()
        return withRows { rows in
            margins.withUnsafeMutableBufferPointer { margins in
                let ours = { (call: Int) -> Double in
                    score(batch(rows, call), count, scratch, margins)
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
                let texts = (0..<batches).map { interface(batch(rows, $0), count) }
                let inPlace = contest.run(against: "XGBoost in place", target: 1, ours: ours) {
                    Double(xgboost_in_place(peer, texts[$0 % batches])?[0] ?? .nan)
                }
                let singles = (0..<1_000).map { interface(rows + $0 * self.rows.width, 1) }
                let single = Contest(
                    name: "single row", callsPerBlock: 50, calls: 1_000, runs: contest.runs
                ).run(
                    against: "XGBoost in place", target: 20,
                    ours: { call in
                        score(rows + call * self.rows.width, 1, scratch, margins)
                        return margins[0]
                    },
                    theirs: { Double(xgboost_in_place(peer, singles[$0])?[0] ?? .nan) })
                return byMatrix && inPlace && single
            }
        }
    }
}
