internal import AssayMessages
internal import Statistics

extension ShadowLog {
    /// What an experiment's control version said of calls of all arms, as facts of those calls. Blocks.
    ///
    /// - Parameter name: of a covariate, such as `shadow.control.probability`; other names have none.
    func visitControl(
        _ experiment: AssayModelsV1.ExperimentSpecification, _ name: String,
        before horizon: Int64, _ body: (UnitFact) -> Void
    ) throws {
        guard name.hasPrefix("shadow."), let control = experiment.arms.first(where: \.control)
        else { return }
        let isMargin = name.hasSuffix(".margin")
        _ = self.horizon(after: horizon)
        for shadow in shadows(of: experiment.model) {
            try visit(model: experiment.model, shadow: shadow, before: horizon) { row in
                guard row.shadow.version == control.version else { return }
                guard let value = isMargin ? row.shadow.margin : row.shadow.score else { return }
                body(
                    UnitFact(
                        name: name, subject: .call(row.requestID), value: value,
                        observedAt: row.at.millisecondsSinceEpoch))
            }
        }
    }
}
