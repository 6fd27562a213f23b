internal import Numerics

/// Reads a model that XGBoost 1.4 to 3.x saved as JSON or UBJSON (its documentation, "Introduction
/// to Model IO").
///
/// What it does not support it refuses by name, place and remedy; it never guesses.
struct XGBoostLoader: DocumentLoader {
    private let limits: FormatLimits
    private let root: JSONCursor

    static func recognizes(_ document: JSONCursor) -> Bool {
        (try? document.optionalField("learner")) != nil
    }

    static func load(
        _ document: JSONCursor, _ options: LoadOptions
    ) throws(ModelFileError) -> LoadedModel {
        try XGBoostLoader(limits: options.limits, root: document).load(rounds: options.rounds)
    }

    private func load(rounds: Rounds) throws(ModelFileError) -> LoadedModel {
        let version = try libraryVersion()
        let learner = try root.field("learner")
        let objective = try objective(learner)
        let parameters = try learner.field("learner_model_param")
        let inputs = try parameters.field("num_feature").integer(in: 1...limits.inputs)
        let classes = try parameters.field("num_class").integer(in: 0...limits.outputs)
        let targets =
            try parameters.optionalField("num_target")?.integer(in: 0...limits.outputs) ?? 1
        let outputs = max(classes, targets, 1)
        if classes > 1 {
            let holdsClasses = [.xgboostSoftmax, .identity].contains(objective.link)
            guard holdsClasses, targets <= 1 else {
                throw try parameters.field("num_class").error(
                    "\(objective.name) has no \(classes) classes of \(targets) targets")
            }
        }
        let base = try baseMargins(parameters, objective, outputs, version).map(Double.init)
        let booster = try XGBoostBooster(learner.field("gradient_booster"))
        let described = XGBoostInputs(
            learner: learner, model: booster.model, count: inputs,
            cutsNames: version.lexicographicallyPrecedes([3, 4]), limits: limits)
        let (body, categorical) = try body(learner, booster, inputs, base, rounds)
        if version[0] == 1, version[1] == 6, !categorical.isEmpty {
            throw try root.field("version").error(
                "XGBoost 1.6 sent categories that a split does not list its own way",
                remedy: "load and save the model with 1.7 or later, and compare its predictions")
        }
        var model = LoadedModel(
            format: root.tape.syntax == .ubjson ? .xgboostUBJSON : .xgboostJSON,
            library: "xgboost \(version.map(String.init).joined(separator: "."))",
            objective: objective.name,
            link: objective.link(outputs: outputs, version: version),
            inputs: try described.inputs(categorical: categorical), body: body)
        if model.trees?.nodes.contains(where: \.cover.isNaN) == true {
            model.remarks = [Remark("no covers: attributions are not exact")]
        }
        for input in try described.unnamed() {
            let name = model.inputs[input].name
            model.remarks.append(
                Remark(
                    "\(name.isEmpty ? "input \(input)" : name): XGBoost before 3.4 cuts names of "
                        + "categories that are not plain ASCII: give codes, or train with 3.4"))
        }
        return model
    }

    /// The model itself, and the inputs that it splits as categories.
    private func body(
        _ learner: JSONCursor, _ booster: XGBoostBooster, _ inputs: Int, _ base: [Double],
        _ rounds: Rounds
    ) throws(ModelFileError) -> (LoadedModel.Body, Set<Int>) {
        if booster.kind == .linear {
            return (.linear(try booster.linear(inputs: inputs, base: base)), [])
        }
        var forest = TreeEnsemble(
            profile: .xgboost, inputCount: inputs, outputCount: base.count, base: base)
        try XGBoostTreeReader(limits: limits).read(booster, into: &forest)
        forest.keepFirst(trees: try trees(learner, forest, rounds))
        return (.trees(forest), forest.categoricalInputs)
    }

    // MARK: Parts

    private func libraryVersion() throws(ModelFileError) -> [Int] {
        let field = try root.field("version")
        let version = try field.integers(in: 0...9_999).map(Int.init)
        guard version.count == 3 else { throw field.error("expected three numbers") }
        // Before 1.3 the base margin came last, in dart before 1.4; before 1.3.1 `binary:logitraw` took
        // its base score for a probability: other bits for the same file.
        guard 1...3 ~= version[0], version[0] > 1 || version[1] >= 4 else {
            throw field.error(
                "written by XGBoost \(version[0]).\(version[1]); 1.4 to 3.x are known",
                remedy: "load and save the model with one of these, and compare its predictions")
        }
        return version
    }

    private func objective(_ learner: JSONCursor) throws(ModelFileError) -> XGBoostObjective {
        let field = try learner.field("objective").field("name")
        let name = try field.text()
        guard let found = XGBoostObjective.supported.first(where: { $0.name == name }) else {
            let known = XGBoostObjective.supported.map(\.name).joined(separator: ", ")
            throw field.error(
                "the objective \"\(name.prefix(64))\" is not supported",
                remedy: "supported are \(known)")
        }
        return found
    }

    /// One text of a number (to 3.0), or of an array of them (since 3.1); a single one serves all
    /// outputs.
    private func baseMargins(
        _ parameters: JSONCursor, _ objective: XGBoostObjective, _ outputs: Int, _ version: [Int]
    ) throws(ModelFileError) -> [Float] {
        let field = try parameters.field("base_score")
        var text = try field.text()[...]
        if let open = text.first, open == "[" || open == "(", let close = text.last {
            guard close == (open == "[" ? "]" : ")"), text.count > 2 else {
                throw field.error("expected a number, or several in brackets")
            }
            text = text.dropFirst().dropLast()
            if open == "(", text.last == "," { text = text.dropLast() }
        }
        let clamps = version[0] > 3 || (version[0] == 3 && version[1] >= 2)
        var margins: [Float] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let trimmed = String(part.drop { $0 == " " })
            guard let score = DecimalNumber.float(trimmed), score.isFinite else {
                throw field.error("expected a number, or several in brackets")
            }
            guard let margin = objective.margin(ofBaseScore: score, clamps: clamps),
                margin.isFinite
            else {
                throw field.error("\(objective.name) has no margin for the base score \(score)")
            }
            margins.append(margin)
            if margins.count > limits.outputs { break }
        }
        if margins.count == 1 { margins = [Float](repeating: margins[0], count: outputs) }
        guard margins.count == outputs else {
            throw field.error("\(margins.count) base scores for \(outputs) outputs")
        }
        return objective.link == .risingExpectiles ? Link.expectileMargins(margins) : margins
    }

    /// How many trees answer. A file that was stopped early is ambiguous: the library's
    /// scikit-learn wrapper stops at the best round, its native predict does not.
    private func trees(
        _ learner: JSONCursor, _ forest: TreeEnsemble, _ rounds: Rounds
    ) throws(ModelFileError) -> Int {
        guard rounds != .all,
            let field = try learner.optionalField("attributes")?.optionalField("best_iteration")
        else { return forest.treeCount }
        let best = try field.integer(in: 0...limits.trees)
        guard best < forest.iterationCount else {
            throw field.error(
                "the best round \(best) lies beyond the \(forest.iterationCount) rounds",
                remedy: "a part of a model answers with \"all\" its rounds: say so")
        }
        let kept = forest.trees(of: 0..<best + 1).upperBound
        if kept == forest.treeCount { return kept }
        guard rounds == .best else {
            throw field.error(
                "the model was stopped early: its best round is \(best), but it has "
                    + "\(forest.iterationCount) rounds",
                remedy: "say in the manifest whether \"all\" or only the \"best\" rounds answer")
        }
        return kept
    }
}
