/// Chooses how a model is explained.
public enum Explainers {
    /// Why a method cannot explain a model.
    public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String

        init(_ description: String) { self.description = description }
    }

    /// The exact explainer of the model's own kind; else, with a background, all coalitions of up to
    /// 11 inputs, or paired permutations. Nil if the model can only be asked and there is nothing to
    /// ask it with.
    ///
    /// - Parameter artifact: the SHA-256 of the model, for the seed of an explainer that draws.
    public static func best(
        for model: ScoringModel, background: BackgroundRows? = nil, artifact: [UInt8]
    ) -> (any Explainer)? {
        if let own = own(model, background) { return own }
        guard let background, background.inputCount == model.inputCount else { return nil }
        let answers = ScoringAnswers(model)
        return CoalitionExplainer(answers, background: background)
            ?? PermutationExplainer(answers, background: background, artifact: artifact)
    }

    public static func best(
        for model: CompiledModel, background: BackgroundRows?, artifact: [UInt8]
    ) -> (any Explainer)? {
        best(for: .single(model), background: background, artifact: artifact)
    }

    /// The explainer of a method.
    public static func make(
        _ method: Attributions.Method, for model: ScoringModel, background: BackgroundRows?,
        artifact: [UInt8]
    ) throws(Refusal) -> any Explainer {
        switch method {
        case .treeShap, .linear, .scorecard, .ensemble:
            guard let own = own(model, background), own.method == method else {
                throw Refusal("\(method.rawValue) is not for it: \(refusal(model, method))")
            }
            return own
        case .coalitions, .permutations, .kernelShap, .lime: break
        }
        guard let background else {
            throw Refusal(
                "\(method.rawValue) asks the model with background rows, and none are given")
        }
        guard background.inputCount == model.inputCount else {
            throw Refusal(
                "background rows of \(background.inputCount) values for \(model.inputCount) inputs")
        }
        guard let made = asking(method, model, background, artifact) else {
            throw Refusal(
                "\(method.rawValue) takes at most \(mostInputs(method)) inputs, and the model has "
                    + "\(model.inputCount)")
        }
        return made
    }

    /// Why the model has no exact explainer of its own.
    public static func refusal(_ model: ScoringModel) -> String { refusal(model, nil) }

    // MARK: Kinds

    private static func own(
        _ model: ScoringModel, _ background: BackgroundRows?
    ) -> (any Explainer)? {
        switch model {
        case .ensemble(let ensemble): return EnsembleExplainer(ensemble)
        case .single(let single):
            switch single.model.body {
            case .linear(let linear):
                return ScorecardExplainer(linear) ?? LinearExplainer(linear, background: background)
            case .trees(let trees): return TreeExplainer(trees)
            case .isolation(let trees, _): return TreeExplainer(trees, fallsWithRisk: true)
            }
        }
    }

    private static func asking(
        _ method: Attributions.Method, _ model: ScoringModel, _ background: BackgroundRows,
        _ artifact: [UInt8]
    ) -> (any Explainer)? {
        let answers = ScoringAnswers(model)
        switch method {
        case .coalitions: return CoalitionExplainer(answers, background: background)
        case .kernelShap:
            return KernelExplainer(answers, background: background, artifact: artifact)
        case .lime:
            let categories = model.inputs.indices.filter { model.inputs[$0].kind == .category }
            return LimeExplainer(
                answers, background: background, categories: Set(categories), artifact: artifact)
        default:
            return PermutationExplainer(answers, background: background, artifact: artifact)
        }
    }

    private static func mostInputs(_ method: Attributions.Method) -> Int {
        method == .coalitions ? CoalitionExplainer.mostInputs : KernelExplainer.mostInputs
    }

    private static func refusal(_ model: ScoringModel, _ method: Attributions.Method?) -> String {
        switch model {
        case .ensemble(let ensemble):
            if method != nil, method != .ensemble { return "the model is an ensemble" }
            switch ensemble.file.combination {
            case .vote, .max, .median:
                return "a \(ensemble.file.combination.rawValue) of members is no sum"
            default: return "a member of the ensemble has no explainer of its own"
            }
        case .single(let single):
            guard let trees = single.model.trees else { return "the model is linear" }
            if method != nil, method != .treeShap { return "the model is made of trees" }
            return trees.linearLeaves.isEmpty
                ? "its file has no covers: how many training rows met each node"
                : "its leaves are linear functions"
        }
    }
}
