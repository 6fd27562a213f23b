import Inference
import ModelPeers

/// Rows one by one, against LightGBM's call that is made for them.
struct SingleRows {
    let bench: Bench
    let library: String

    /// Both sides of a model, ready to answer row `call`.
    private func withSides<Result>(
        _ model: CompiledModel, _ file: String,
        _ body: (_ ours: (Int) -> Double, _ theirs: (Int) -> Double) throws -> Result
    ) throws -> Result {
        let peer = try Peer.lightgbm(library, "\(bench.folder)/\(file)", Bench.width)
        defer { lightgbm_close(peer) }
        let scratch = model.makeScratch()
        let count = bench.rows.count
        return try bench.rows.doubles.withUnsafeBufferPointer { values in
            func row(_ call: Int) -> UnsafePointer<Double> {
                values.baseAddress.unsafelyUnwrapped + call % count * Bench.width
            }
            return try body(
                { call in
                    var margin = 0.0
                    withUnsafeMutablePointer(to: &margin) {
                        model.margins(
                            UnsafeBufferPointer(start: row(call), count: Bench.width), .whole,
                            scratch, into: UnsafeMutableBufferPointer(start: $0, count: 1))
                    }
                    return margin
                }, { lightgbm_row(peer, row($0)) })
        }
    }

    private func areEqual(_ ours: (Int) -> Double, _ theirs: (Int) -> Double) -> Bool {
        (0..<1_000).allSatisfy { ours($0).bitPattern == theirs($0).bitPattern }
    }

    func contest(_ file: String) throws -> Bool {
        let model = try bench.introduce(file)
        return try withSides(model, file) { ours, theirs in
            let isEqual = Bench.expect(areEqual(ours, theirs), "margins of 1,000 rows")
            let isFast = Contest(name: "single row", calls: bench.rows.count, runs: bench.runs)
                .run(
                    against: "LightGBM's fast single-row call", target: 5, ours: ours,
                    theirs: theirs)
            return isEqual && isFast
        }
    }

    /// One line of a table.
    func growth(_ file: String) throws -> Bool {
        let model = try bench.load(file)
        return try withSides(model, file) { ours, theirs in
            let isEqual = areEqual(ours, theirs)
            let result = Contest(name: file, calls: 2_000, runs: bench.runs)
                .measure(ours: ours, theirs: theirs)
            Growth.line(file, model, result, isEqual)
            return isEqual
        }
    }
}
