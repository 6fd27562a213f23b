internal import AssayMessages
internal import Inference
internal import RPC

/// One call of Explain: checked before it costs anything.
struct ExplainCall: Sendable {
    /// Numbers that a method may have the model read for one row.
    private static let mostNumbers = 1 << 27

    private let request: AssayModelsV1.PredictRequest
    private let version: ServingVersion
    private let chosen: ChosenExplainer

    init(
        _ request: AssayModelsV1.ExplainRequest, _ version: ServingVersion
    ) throws(RPCError) {
        var call = request.call
        if call.explain != .reasons { call.explain = .contributions }
        self.request = call
        self.version = version
        let output = Int(request.output)
        guard output < version.model.marginCount else {
            throw .invalid(
                "output", "expected one below \(version.model.marginCount), got \(output)")
        }
        var explainer = version.explainer
        var isOwn = true
        if let (method, background) = try Self.choice(request, version) {
            isOwn = false
            if let method {
                do throws(Explainers.Refusal) {
                    explainer = try Explainers.make(
                        method, for: version.model, background: background,
                        artifact: version.artifact)
                } catch {
                    throw RowExplanation.unavailable(version, error.description)
                }
            } else {
                explainer = Explainers.best(
                    for: version.model, background: background, artifact: version.artifact)
            }
        }
        guard let explainer else {
            throw RowExplanation.unavailable(
                version,
                Explainers.refusal(version.model)
                    + "; send background rows, or register the version with some")
        }
        guard explainer.rowsAsked <= Self.mostNumbers / max(1, version.model.inputCount) else {
            throw RowExplanation.unavailable(
                version,
                "\(explainer.method.rawValue) would ask it \(explainer.rowsAsked) rows of "
                    + "\(version.model.inputCount) values; send fewer background rows")
        }
        chosen = ChosenExplainer(explainer: explainer, output: output, isOwn: isOwn)
    }

    /// Nil where the version's own explainer is meant.
    private static func choice(
        _ request: AssayModelsV1.ExplainRequest, _ version: ServingVersion
    ) throws(RPCError) -> (Attributions.Method?, BackgroundRows?)? {
        guard let method = request.method.method else {
            guard request.method == .unspecified else {
                throw .invalid("method", "there is no such method")
            }
            return request.background.isEmpty
                ? nil : (nil, try background(request, version))
        }
        if request.background.isEmpty, version.explainer?.method == method { return nil }
        return (method, try background(request, version))
    }

    private static func background(
        _ request: AssayModelsV1.ExplainRequest, _ version: ServingVersion
    ) throws(RPCError) -> BackgroundRows? {
        if request.background.isEmpty { return version.background }
        return try ServingVersion.background(
            request.background, version.signature,
            order: try VectorCheck.order(of: request.call.vector, version), "background")
    }

    /// What it takes, about, by what was measured when the version was loaded.
    var estimate: Duration {
        let warmUp = version.warmUp
        let asked = chosen.explainer.rowsAsked
        return asked > 0 ? warmUp.median * (asked + 1) : warmUp.median + warmUp.explanation
    }

    func response(generation: UInt64) throws(RPCError) -> AssayModelsV1.ExplainResponse {
        let prediction = try Predictor.predict(
            request, with: version, generation: generation, explainer: chosen)
        return AssayModelsV1.ExplainResponse(
            prediction: prediction, effects: prediction.explanation.map(effects) ?? [])
    }

    private func effects(
        _ explanation: AssayModelsV1.Explanation
    ) -> [AssayModelsV1.InputEffect] {
        let inputs = version.signature.inputs
        // Inputs of one reason code are one line, named by the largest of them.
        let given = Dictionary(
            explanation.attributions.map { ($0.field, $0.value) }, uniquingKeysWith: { a, _ in a })
        let named = inputs.filter { given[$0.name] != nil }
        let explained = Attributions(
            base: explanation.baseValue, values: named.map { given[$0.name] ?? 0 },
            method: chosen.explainer.method, exactness: .exact, space: .margin,
            fallsWithRisk: explanation.fallsWithRisk)
        return AttributionText.ranked(
            explained, names: named.map(\.name), positiveClass: version.event(of: chosen.output)
        ).map { .init(field: $0.input, value: $0.value, effect: $0.effect) }
    }
}
