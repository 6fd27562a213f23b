internal import FuzzProperties
internal import Inference

/// What must hold of an `assay-ensemble` file that was read: with members that have its inputs it
/// answers, and its explanation adds up.
struct EnsembleProperties {
    private let file: EnsembleFile

    init(_ file: EnsembleFile) { self.file = file }

    func check() throws(PropertyViolation) {
        let count = file.members.count
        try require("ensemble", 1...EnsembleFile.memberLimit ~= count, "\(count) members")
        let member = linear()
        // All are there; then the optional ones are not.
        for isWhole in [true, false] {
            let members = file.members.map { isWhole || !$0.isOptional ? member : nil }
            let ensemble: EnsembleModel
            do {
                ensemble = try EnsembleModel(file, members: members)
            } catch {
                throw PropertyViolation(property: "ensemble", detail: error.description)
            }
            try check(.ensemble(ensemble))
        }
    }

    private func check(_ model: ScoringModel) throws(PropertyViolation) {
        let explainer = Explainers.best(for: model, artifact: [UInt8](repeating: 7, count: 32))
        for value in [0.5, -3, 1e300, .nan] {
            let row = [Double](repeating: value, count: file.inputs.count)
            let scored = model.score(row)
            try require("ensemble", scored.probability.count == 1, "\(scored)")
            let again = model.score(row)
            try require(
                "ensemble",
                scored.margin[0].bitPattern == again.margin[0].bitPattern || again.margin[0].isNaN,
                "\(scored) \(again)")
            _ = try? explainer?.explain(row)
        }
    }

    /// A model of the ensemble's inputs.
    private func linear() -> ScoringModel {
        let count = file.inputs.count
        let model = LinearModel(
            profile: .linear, impute: [Double?](repeating: nil, count: count),
            mean: [Double](repeating: 0, count: count),
            scale: [Double](repeating: 1, count: count),
            weights: [(0..<count).map { Double($0 % 5) - 1.5 }], intercept: [0.25])
        return .single(
            CompiledModel(
                LoadedModel(
                    format: .assayLinear, library: "", objective: "", link: .logistic,
                    inputs: file.inputs.map { ModelInput(name: $0, allowsMissing: false) },
                    body: .linear(model))))
    }
}
