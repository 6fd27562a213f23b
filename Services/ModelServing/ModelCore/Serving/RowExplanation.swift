internal import AssayMessages
internal import Inference
internal import RPC

/// Who explains a row, and which of its margins.
struct ChosenExplainer: Sendable {
    let explainer: any Explainer
    var output = 0
    /// Of its own for every row, unless it is the version's.
    var isOwn = false
}

/// Says why a row has its score.
enum RowExplanation {
    /// - Parameter chosen: nil: the version's own explainer.
    static func of(
        _ row: UnsafeBufferPointer<Double>, _ options: RowOptions,
        _ mode: AssayModelsV1.ExplainMode, _ version: ServingVersion, _ thread: ServingThread,
        by chosen: ChosenExplainer?
    ) throws(RPCError) -> AssayModelsV1.Explanation {
        let chosen = if let chosen { chosen } else { try ownExplainer(version) }
        do throws(ExplanationError) {
            let scratch =
                chosen.isOwn
                ? thread.explainScratch(version, chosen.explainer) : chosen.explainer.makeScratch()
            let explained = try chosen.explainer.explain(
                row, output: chosen.output, options, scratch: scratch)
            return message(explained, mode, version)
        } catch {
            throw RPCError(
                .internal, "version \(version.number) cannot explain this row: \(error)",
                reason: "explanation_failed")
        }
    }

    private static func ownExplainer(
        _ version: ServingVersion
    ) throws(RPCError) -> ChosenExplainer {
        guard version.model.marginCount == 1 else {
            throw unavailable(version, "it has several margins; ask Explain for one of them")
        }
        guard let explainer = version.explainer else {
            throw unavailable(
                version,
                Explainers.refusal(version.model) + "; it can be asked with background rows")
        }
        return ChosenExplainer(explainer: explainer, isOwn: true)
    }

    static func unavailable(_ version: ServingVersion, _ reason: String) -> RPCError {
        RPCError(
            .failedPrecondition, "version \(version.number) cannot explain: \(reason)",
            reason: "explanation_unavailable")
    }

    private static func message(
        _ explained: Attributions, _ mode: AssayModelsV1.ExplainMode, _ version: ServingVersion
    ) -> AssayModelsV1.Explanation {
        let inputs = version.signature.inputs
        var parts: [AssayModelsV1.Attribution] = []
        if mode == .reasons {
            parts = grouped(explained.values, inputs)
        } else {
            parts = zip(inputs, explained.values).map {
                .init(field: $0.name, reasonCode: $0.reasonCode, value: $1)
            }
        }
        let order = parts.indices.sorted { (-parts[$0].value, $0) < (-parts[$1].value, $1) }
        let most = mode == .reasons ? Predictor.maximumAttributions : parts.count
        let leftOut = order.dropFirst(most)
        var message = AssayModelsV1.Explanation(
            baseValue: explained.base, attributions: order.prefix(most).map { parts[$0] },
            rounding: leftOut.reduce(explained.rounding) { $0 + parts[$1].value },
            method: explained.method.message, space: explained.space.message,
            fallsWithRisk: explained.fallsWithRisk, localFit: explained.localFit,
            leftOut: UInt32(leftOut.count))
        (message.exactness, message.seed) = explained.exactness.message
        message.reasons = Reasons.towardsPositive(explained, codes: inputs.map(\.reasonCode)).map {
            .init(code: $0.code, value: $0.value, fields: $0.inputs.map { inputs[$0].name })
        }
        return message
    }

    /// One attribution per reason code (inputs of one code are added, the largest gives its name).
    private static func grouped(
        _ values: [Double], _ inputs: [InputSignature.Input]
    ) -> [AssayModelsV1.Attribution] {
        var groups: [AssayModelsV1.Attribution] = []
        var largest: [Double] = []
        var groupOf: [String: Int] = [:]
        for (input, value) in zip(inputs, values) {
            if !input.reasonCode.isEmpty, let group = groupOf[input.reasonCode] {
                groups[group].value += value
                if abs(value) > largest[group] {
                    largest[group] = abs(value)
                    groups[group].field = input.name
                }
                continue
            }
            if !input.reasonCode.isEmpty { groupOf[input.reasonCode] = groups.count }
            groups.append(.init(field: input.name, reasonCode: input.reasonCode, value: value))
            largest.append(abs(value))
        }
        return groups
    }
}

extension Attributions.Method {
    var message: AssayModelsV1.ExplanationMethod {
        switch self {
        case .treeShap: .treeShap
        case .linear: .linear
        case .scorecard: .scorecard
        case .coalitions: .coalitions
        case .permutations: .permutations
        case .kernelShap: .kernelShap
        case .lime: .lime
        case .ensemble: .ensemble
        }
    }
}

extension Attributions.Space {
    var message: AssayModelsV1.ExplanationSpace {
        switch self {
        case .margin: .margin
        case .probability: .probability
        }
    }
}

extension Attributions.Exactness {
    /// With the seed of what was drawn.
    var message: (AssayModelsV1.Exactness, UInt64?) {
        switch self {
        case .exact: (.exact, nil)
        case .sampled(let seed): (.sampled, seed)
        case .rescaled: (.rescaled, nil)
        }
    }
}

extension AssayModelsV1.ExplanationMethod {
    /// Nil if none is named.
    var method: Attributions.Method? {
        Attributions.Method.allCases.first { $0.message == self }
    }
}
