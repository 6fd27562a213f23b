internal import AssayMessages
internal import Inference
internal import RPC

/// Gives a version the rows whose answers are known, before it may answer any other.
struct GoldenReplay {
    let model: ScoringModel
    let signature: InputSignature
    let post: PostProcessing
    let isCalibrated: Bool

    /// How much of the rows is looked at.
    enum Depth {
        /// That they can be read: an ensemble without one of its members answers otherwise than the whole.
        case inputs
        /// The answers too.
        case answers
        /// The answers, and that the plain walk gives every one of them as well: what a layout is asked
        /// once, when it is made.
        case layout
    }

    /// Returns the rows as the model reads them.
    ///
    /// - Throws: INVALID_ARGUMENT that names the first value that differs.
    func run(
        _ golden: [AssayModelsV1.GoldenRow], to depth: Depth
    ) throws(RPCError) -> [[Double]] {
        var rows: [[Double]] = []
        for (index, expected) in golden.enumerated() {
            let place = "manifest.golden_rows[\(index)]"
            let row = try read(expected, place)
            if depth != .inputs { try compare(row, expected, place) }
            if depth == .layout { try checkLayout(row, place) }
            rows.append(row)
        }
        return rows
    }

    private func read(
        _ golden: AssayModelsV1.GoldenRow, _ place: String
    ) throws(RPCError) -> [Double] {
        var row = [Double](repeating: 0, count: model.inputCount)
        var flags: [AssayModelsV1.InputFlag] = []
        do throws(RPCError) {
            try row.withUnsafeMutableBufferPointer { row throws(RPCError) in
                try golden.values.withUnsafeBufferPointer { values throws(RPCError) in
                    try signature.read(
                        values: values, status: UnsafeBufferPointer(start: nil, count: 0),
                        texts: golden.texts, order: .inputs, into: row, flags: &flags)
                }
            }
        } catch {
            throw .invalid(place, error.message)
        }
        return row
    }

    private func compare(
        _ row: [Double], _ expected: AssayModelsV1.GoldenRow, _ place: String
    ) throws(RPCError) {
        guard expected.margin.count == model.marginCount else {
            throw .invalid("\(place).margin", "expected \(model.marginCount) values")
        }
        var scored = model.score(row)
        for (output, (ours, theirs)) in zip(scored.margin, expected.margin).enumerated()
        where ours.bitPattern != theirs.bitPattern {
            throw .invalid(
                "\(place).margin[\(output)]",
                "expected \(theirs), the model gives \(ours): not the same model, or not the "
                    + "library's own output")
        }
        scored.probability.withUnsafeMutableBufferPointer { post.calibrate($0) }
        try compareProbabilities(scored.probability, expected, place)
        let band = scored.probability.withUnsafeBufferPointer { post.band($0) }
        let name = band.flatMap { post.bands?.names[$0] } ?? ""
        guard expected.band.isEmpty || expected.band == name else {
            throw .invalid(
                "\(place).band", "expected \"\(expected.band)\", the model gives \"\(name)\"")
        }
    }

    private func checkLayout(_ row: [Double], _ place: String) throws(RPCError) {
        guard case .single(let single) = model, !single.layoutAgrees(on: row) else { return }
        throw RPCError(
            .internal, "\(place): the \(single.layout) layout disagrees with the plain walk",
            reason: "layout_mismatch")
    }

    private func compareProbabilities(
        _ ours: [Double], _ expected: AssayModelsV1.GoldenRow, _ place: String
    ) throws(RPCError) {
        if expected.probability.isEmpty { return }
        guard expected.probability.count == ours.count else {
            throw .invalid("\(place).probability", "expected \(ours.count) values")
        }
        for (output, (ours, theirs)) in zip(ours, expected.probability).enumerated()
        where abs(ours - theirs) > bound(theirs) {
            throw .invalid(
                "\(place).probability[\(output)]", "expected \(theirs), the model gives \(ours)")
        }
    }

    /// How far a probability may be from its library's: nothing for XGBoost, some units in the last
    /// place of float64 where the library's own exponential differs from one machine to another.
    private func bound(_ value: Double) -> Double {
        guard case .single(let single) = model, !isCalibrated else {
            return 1e-12 * abs(value)
        }
        switch single.model.format {
        case .xgboostJSON, .xgboostUBJSON: return 0
        case .lightgbmText: return value.ulp
        case .catboostJSON: return 4 * value.ulp
        case .assayForest: return 2 * value.ulp
        case .assayLinear, .assayEnsemble: return 1e-12 * abs(value)
        }
    }
}
