internal import AssayMessages
internal import Wire

extension ServingSnapshot {
    /// Shows an answered call to the shadows of its alias. It never waits for them.
    ///
    /// A call that names a version is nobody's traffic, and one that asks for a part of the boosting
    /// rounds cannot be compared: they are not shown.
    func show(
        _ request: AssayModelsV1.PredictRequest, _ response: AssayModelsV1.PredictResponse,
        at now: () -> Timestamp
    ) {
        guard let model = models[request.model], !model.shadows.isEmpty,
            request.iterations == nil
        else { return }
        let lanes: [ShadowLane]?
        switch request.selector {
        case nil: lanes = model.shadows[Predictor.defaultAlias]
        case .alias(let alias): lanes = model.shadows[alias]
        default: lanes = nil
        }
        guard let lanes else { return }
        var call: ShadowedCall?
        for lane in lanes where lane.takes(request.requestID) {
            let shown =
                call
                ?? ShadowedCall(
                    request, response, positive: model.versions[response.version]?.post.positive,
                    at: request.observedAt ?? now())
            call = shown
            lane.offer(shown)
        }
    }
}
