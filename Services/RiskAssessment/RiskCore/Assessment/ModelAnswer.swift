internal import AssayMessages

/// What a model said of one event.
struct ModelAnswer: Sendable {
    var name: String
    var response: AssayModelsV1.PredictResponse

    /// The margin and probability of the risk: of the last class.
    var margin: Double { response.margin.last ?? 0 }
    var probability: Double? {
        guard let value = response.probability.last, (0...1).contains(value), margin.isFinite
        else { return nil }
        return value
    }

    /// What each reason code added to the risk.
    var attributions: [AssayModelsV1.Attribution] {
        guard let explanation = response.explanation else { return [] }
        guard explanation.fallsWithRisk else { return explanation.attributions }
        return explanation.attributions.map { part in
            var part = part
            part.value = -part.value
            return part
        }
    }

    static let maximumAttributions = 64

    /// Nil if nobody asked, or the model cannot say. Made of what is recorded, so that a decision
    /// can be made again from its record.
    var explanation: ModelExplanation? { ModelExplanation(recorded) }

    var recorded: AssayRiskV1.RecordedModel {
        AssayRiskV1.RecordedModel(
            name: name, version: response.version, artifact: response.artifact, margin: margin,
            probability: probability ?? 0,
            attributions: attributions.prefix(Self.maximumAttributions).filter(\.value.isFinite).map
            {
                AssayRiskV1.RecordedAttribution(
                    field: $0.field, reasonCode: $0.reasonCode, value: $0.value)
            }, assignments: response.assignments.prefix(64).map(\.recorded))
    }
}

extension ModelExplanation {
    init?(_ recorded: AssayRiskV1.RecordedModel) {
        guard !recorded.attributions.isEmpty else { return nil }
        self.init(
            attributions: recorded.attributions.map {
                Attribution(field: $0.field, reasonCode: $0.reasonCode, value: $0.value)
            },
            // Without a link the score is the probability itself.
            isInProbability: recorded.margin == recorded.probability)
    }
}

extension AssayModelsV1.Assignment {
    /// As it is sealed: what an exposure is made of, and no name of the unit.
    fileprivate var recorded: AssayRiskV1.RecordedAssignment {
        AssayRiskV1.RecordedAssignment(
            experiment: experiment, revision: revision, epoch: epoch, arm: arm,
            reason: "\(reason)", propensity: propensity.isFinite ? propensity : 0,
            allocationBucket: allocationBucket, armBucket: armBucket, unitKind: unitKind,
            unitHash: unitHash, version: version, layerBucket: layerBucket, fallback: fallback,
            controlAnswered: controlAnswered)
    }
}

/// Why there is no answer.
enum ModelAbsence: Sendable {
    /// Not asked: switched off, or no such model.
    case unwanted
    /// Asked, and it did not answer.
    case failed
}

enum ModelOutcome: Sendable {
    case answer(ModelAnswer)
    case absent(ModelAbsence)

    var answer: ModelAnswer? {
        if case .answer(let answer) = self { answer } else { nil }
    }
}
