import Inference

extension CompiledModel {
    /// A model of trees that no file states.
    convenience init(
        _ trees: TreeEnsemble, layout: LayoutChoice = .byRule, link: Link = .identity
    ) {
        self.init(
            LoadedModel(
                format: .xgboostJSON, library: "", objective: "", link: link,
                inputs: (0..<trees.inputCount).map { _ in ModelInput() }, body: .trees(trees)),
            layout: layout)
    }
}
