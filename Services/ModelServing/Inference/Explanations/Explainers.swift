/// Chooses how a model is explained.
public enum Explainers {
    /// The exact explainer of the model's own kind; else, with a background, all coalitions of up to
    /// 11 inputs, or paired permutations. Nil if the model can only be asked and there is nothing to
    /// ask it with.
    ///
    /// - Parameter artifact: the SHA-256 of the model, for the seed of an explainer that draws.
    public static func best(
        for model: CompiledModel, background: BackgroundRows?, artifact: [UInt8]
    ) -> (any Explainer)? {
        switch model.model.body {
        case .linear(let linear):
            return ScorecardExplainer(linear) ?? LinearExplainer(linear, background: background)
        case .trees(let trees):
            if let explainer = TreeExplainer(trees) { return explainer }
        case .isolation(let trees, _):
            if let explainer = TreeExplainer(trees, fallsWithRisk: true) { return explainer }
        }
        guard let background else { return nil }
        let answers = ModelAnswers(model)
        return CoalitionExplainer(answers, background: background)
            ?? PermutationExplainer(answers, background: background, artifact: artifact)
    }
}
