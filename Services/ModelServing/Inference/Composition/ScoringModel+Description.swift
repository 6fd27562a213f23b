// What a model says of itself, alone or as several together.

extension ScoringModel {
    /// Such as "xgboost-json".
    public var format: String {
        switch self {
        case .single(let model): model.model.format.rawValue
        case .ensemble: ModelFormat.assayEnsemble.rawValue
        }
    }

    /// What wrote the file, such as "xgboost 3.2.0".
    public var library: String {
        switch self {
        case .single(let model): model.model.library
        case .ensemble: "assay"
        }
    }

    public var objective: String {
        switch self {
        case .single(let model): model.model.objective
        case .ensemble(let ensemble): ensemble.file.combination.rawValue
        }
    }

    /// Trees that a row walks, those of the members included.
    public var treeCount: Int {
        switch self {
        case .single(let model): model.treeCount
        case .ensemble(let ensemble): ensemble.members.reduce(0) { $0 + ($1?.treeCount ?? 0) }
        }
    }

    /// Names of the classes, where the file has them.
    public var outputs: [String] {
        switch self {
        case .single(let model): model.model.outputs
        case .ensemble: []
        }
    }

    public var remarks: [Remark] {
        switch self {
        case .single(let model): model.model.remarks
        case .ensemble(let ensemble):
            zip(ensemble.file.members, ensemble.members).filter { $1 == nil }.map { stated, _ in
                Remark("\(stated.model) \(stated.version) is missing and optional")
            }
        }
    }

    /// The inputs as the file describes them; those of an ensemble as its members do.
    public var inputs: [ModelInput] {
        switch self {
        case .single(let model): model.model.inputs
        case .ensemble(let ensemble): ensemble.inputs
        }
    }

    /// Whether values are rounded to float32 by the model, or by one of its members.
    public var takesSinglePrecision: Bool {
        switch self {
        case .single(let model):
            switch model.model.body {
            case .trees(let trees), .isolation(let trees, _): trees.profile.takesSinglePrecision
            case .linear(let linear): linear.profile.takesSinglePrecision
            }
        case .ensemble(let ensemble):
            ensemble.members.contains { $0?.takesSinglePrecision ?? false }
        }
    }

    /// Whether what it answers after the link is a probability of classes.
    public var answersProbability: Bool {
        switch self {
        case .ensemble: true
        case .single(let model):
            switch model.model.link {
            case .xgboostLogistic, .xgboostSoftmax, .lightgbmLogistic, .lightgbmSoftmax,
                .catboostLogistic, .catboostSoftmax, .catboostOneVersusAll, .logistic, .softmax,
                .scorecard:
                true
            case .identity: model.model.format == .assayForest && objective == "classifier"
            default: false
            }
        }
    }
}

extension EnsembleModel {
    /// Each input as the members that take it describe it: a category if one says so, and never
    /// missing if one answers no row without it.
    fileprivate var inputs: [ModelInput] {
        var inputs = file.inputs.map { ModelInput(name: $0) }
        for (member, places) in zip(members, places) {
            guard let member else { continue }
            for (input, place) in zip(member.inputs, places) {
                if input.kind == .category { inputs[place].kind = .category }
                if inputs[place].vocabulary.isEmpty {
                    inputs[place].vocabulary = input.vocabulary
                }
                if !input.allowsMissing { inputs[place].allowsMissing = false }
            }
        }
        return inputs
    }
}
