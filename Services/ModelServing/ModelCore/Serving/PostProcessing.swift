internal import AssayMessages
internal import Inference
internal import RPC

/// What follows the link: the probability becomes an observed frequency, and a band gets its name.
struct PostProcessing: Sendable {
    let calibration: Calibration?
    let bands: Bands?
    /// The place of the adverse event among the probabilities; nil where there is none.
    let positive: Int?

    init(
        _ manifest: AssayModelsV1.Manifest, _ model: ScoringModel
    ) throws(RPCError) {
        positive = model.positive
        calibration = try manifest.calibration.map(Self.calibration)
        if calibration != nil, !model.answersProbability || positive == nil {
            throw .invalid(
                "manifest.calibration", "the model answers no probability of one adverse event")
        }
        if let stated = manifest.bands {
            guard positive != nil else {
                throw .invalid("manifest.bands", "the model has no single positive class")
            }
            bands = try Self.bands(stated)
        } else {
            bands = model.answersProbability && positive != nil ? .standard : nil
        }
    }

    private static func calibration(
        _ stated: AssayModelsV1.Calibration
    ) throws(RPCError) -> Calibration {
        switch stated {
        case .platt(let platt): return .platt(slope: platt.slope, intercept: platt.intercept)
        case .beta(let beta): return .beta(a: beta.a, b: beta.b, c: beta.c)
        case .isotonic(let points):
            guard let curve = IsotonicCurve(inputs: points.inputs, outputs: points.outputs),
                points.outputs.allSatisfy({ (0...1).contains($0) })
            else {
                throw .invalid(
                    "manifest.calibration.isotonic",
                    "expected as many outputs as inputs, inputs that rise, and outputs from 0 to 1 "
                        + "that do not fall")
            }
            return .isotonic(curve)
        case .unrecognized:
            throw .invalid("manifest.calibration", "expected platt, beta or isotonic")
        }
    }

    private static func bands(_ stated: AssayModelsV1.ScoreBands) throws(RPCError) -> Bands {
        guard let bands = Bands(names: stated.names, edges: stated.edges) else {
            throw .invalid(
                "manifest.bands",
                "expected different names, one more than there are edges, and edges that rise")
        }
        return bands
    }

    @inline(__always)
    func calibrate(_ probabilities: UnsafeMutableBufferPointer<Double>) {
        guard let calibration, let positive else { return }
        let calibrated = calibration(probabilities[positive])
        probabilities[positive] = calibrated
        if probabilities.count == 2 { probabilities[1 - positive] = 1 - calibrated }
    }

    /// The place of the row's band among the names.
    @inline(__always)
    func band(_ probabilities: UnsafeBufferPointer<Double>) -> Int? {
        guard let bands, let positive else { return nil }
        return bands.index(of: probabilities[positive])
    }
}
