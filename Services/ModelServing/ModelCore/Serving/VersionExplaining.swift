internal import AssayMessages
internal import Inference
internal import RPC

// What a version knows of itself for explanations.

extension ServingVersion {
    /// The background rows of a manifest, as the model reads them.
    static func background(
        _ rows: [AssayModelsV1.BackgroundRow], _ signature: InputSignature,
        order: InputSignature.ValueOrder, _ place: String
    ) throws(RPCError) -> BackgroundRows? {
        var values: [[Double]] = []
        for (index, given) in rows.enumerated() {
            var row = [Double](repeating: 0, count: signature.inputs.count)
            var flags: InputSignature.Flags = []
            do throws(RPCError) {
                try row.withUnsafeMutableBufferPointer { row throws(RPCError) in
                    try given.values.withUnsafeBufferPointer { values throws(RPCError) in
                        try signature.read(
                            values: values, status: UnsafeBufferPointer(start: nil, count: 0),
                            texts: given.texts, order: order, into: row, flags: &flags)
                    }
                }
            } catch {
                throw .invalid("\(place)[\(index)]", error.message)
            }
            values.append(row)
        }
        return BackgroundRows(values)
    }

    /// How much the model uses each input; empty for an ensemble.
    static func importance(
        _ model: ScoringModel, _ signature: InputSignature
    ) -> [AssayModelsV1.InputImportance] {
        guard case .single(let single) = model else { return [] }
        let importance = Importance(single.model)
        return signature.inputs.enumerated().map { index, input in
            let gain = importance.gain?[index]
            return AssayModelsV1.InputImportance(
                field: input.name, splits: importance.split.map { UInt64($0[index]) },
                gain: gain?.isFinite == true ? gain : nil,
                coefficients: importance.coefficients?.map { $0[index] } ?? [])
        }
    }

    /// The adverse event of a margin, for readers: what the model is for, or the name of a class.
    func event(of output: Int) -> String {
        if model.marginCount > 1 {
            return output < model.outputs.count ? model.outputs[output] : "class \(output)"
        }
        return manifest.purpose.isEmpty ? "adverse event" : manifest.purpose
    }
}
