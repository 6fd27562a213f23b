internal import AssayMessages
internal import Inference
internal import RPC
internal import Synchronization

/// A version that was checked and compiled, and can answer. Immutable, so that any number of
/// requests share it.
final class ServingVersion: Sendable {
    let model: TreeModel
    let number: UInt32
    let artifact: [UInt8]
    let signature: InputSignature
    /// The first eight bytes of the pinned vector's fingerprint; 0 if none is pinned.
    let vectorFingerprint: UInt64
    let vectorName: String
    let goldenRowCount: Int
    /// Rows scored since the version was loaded.
    let predictions = Atomic<Int>(0)

    /// Parses the artifact, checks the manifest against it and replays every golden row, bit for
    /// bit.
    ///
    /// - Throws: INVALID_ARGUMENT that names the byte of the file or the field of the manifest.
    init(
        artifact bytes: [UInt8], digest: ArtifactDigest, number: UInt32,
        manifest: AssayModelsV1.Manifest
    ) throws(RPCError) {
        do {
            model = try TreeModel(bytes, rounds: Self.rounds(manifest.iterations))
        } catch {
            throw RPCError(
                code: .invalidArgument, message: "artifact: \(error)", reason: "artifact_refused",
                details: [
                    .badRequest([
                        FieldViolation(field: "artifact", description: error.description)
                    ])
                ])
        }
        self.number = number
        artifact = digest.bytes
        signature = try InputSignature(manifest.inputs)
        vectorName = manifest.vector
        vectorFingerprint = try Self.fingerprint(manifest)
        goldenRowCount = manifest.goldenRows.count
        try checkSignature()
        try replay(manifest.goldenRows)
    }

    /// The same under the number that its registration got.
    init(_ checked: ServingVersion, number: UInt32) {
        model = checked.model
        artifact = checked.artifact
        signature = checked.signature
        vectorName = checked.vectorName
        vectorFingerprint = checked.vectorFingerprint
        goldenRowCount = checked.goldenRowCount
        self.number = number
    }

    private static func rounds(_ choice: AssayModelsV1.IterationChoice) -> TreeModel.Rounds {
        switch choice {
        case .all: .all
        case .best: .best
        default: .unstated
        }
    }

    private static func fingerprint(
        _ manifest: AssayModelsV1.Manifest
    ) throws(RPCError) -> UInt64 {
        let bytes = manifest.vectorFingerprint
        if bytes.isEmpty { return 0 }
        guard bytes.count == 32, !manifest.vector.isEmpty else {
            throw .invalid(
                "manifest.vector_fingerprint", "expected 32 bytes, and the name of the vector")
        }
        return bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Names, count and types agree with what the file says of itself.
    private func checkSignature() throws(RPCError) {
        guard signature.inputs.count == model.inputCount else {
            throw .invalid(
                "manifest.inputs",
                "the model has \(model.inputCount) inputs, the manifest \(signature.inputs.count)")
        }
        for (index, input) in signature.inputs.enumerated() {
            let place = "manifest.inputs[\(index)]"
            if !model.inputNames.isEmpty, model.inputNames[index] != input.name {
                throw .invalid(
                    place,
                    "the model calls this input \"\(model.inputNames[index])\", "
                        + "the manifest \"\(input.name)\"")
            }
            if model.categoricalInputs.contains(index), input.kind != .category {
                throw .invalid(place, "\(input.name): the model splits it by category")
            }
        }
    }

    private func replay(_ golden: [AssayModelsV1.GoldenRow]) throws(RPCError) {
        var row = [Float](repeating: 0, count: model.inputCount)
        for (index, expected) in golden.enumerated() {
            let place = "manifest.golden_rows[\(index)]"
            try readGolden(expected, &row, place)
            guard expected.margin.count == model.outputCount else {
                throw .invalid("\(place).margin", "expected \(model.outputCount) values")
            }
            let margins = model.margins(row)
            for (output, (ours, theirs)) in zip(margins, expected.margin).enumerated()
            where Double(ours).bitPattern != theirs.bitPattern {
                throw .invalid(
                    "\(place).margin[\(output)]",
                    "expected \(theirs), the model gives \(Double(ours)): not the same model, or "
                        + "not the library's own output")
            }
            guard model.layoutAgrees(on: row) else {
                throw RPCError(
                    .internal,
                    "\(place): the \(model.compiled.layout) layout disagrees with the "
                        + "plain walk", reason: "layout_mismatch")
            }
        }
    }

    private func readGolden(
        _ golden: AssayModelsV1.GoldenRow, _ row: inout [Float], _ place: String
    ) throws(RPCError) {
        do throws(RPCError) {
            try row.withUnsafeMutableBufferPointer { buffer throws(RPCError) in
                try signature.read(values: golden.values, status: [], texts: [], into: buffer)
            }
        } catch {
            throw .invalid(place, error.message)
        }
    }
}
