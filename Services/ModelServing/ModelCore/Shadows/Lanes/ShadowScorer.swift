internal import AssayMessages
internal import RPC

/// Scores a call with the version of a shadow.
enum ShadowScorer {
    /// Blocks for as long as the model takes.
    typealias Score =
        @Sendable (ShadowedCall, ServingVersion) throws(RPCError) -> AssayModelsV1.ShadowScore

    /// As a call that named the version would be scored.
    static let predicting: Score = { call, version throws(RPCError) in
        let response = try Predictor.predict(
            AssayModelsV1.PredictRequest(
                requestID: call.requestID, vector: call.vector, values: call.values,
                status: call.status, texts: call.texts, offset: call.offset),
            with: version, generation: 0)
        let found = score(
            version.number, margin: response.margin, probability: response.probability,
            band: response.band, positive: version.post.positive)
        guard let found else {
            throw RPCError(.failedPrecondition, "the version gives no single score")
        }
        return found
    }

    /// The one score among a version's outputs: the adverse event's probability, or the only answer.
    static func score(
        _ version: UInt32, margin: [Double], probability: [Double], band: String, positive: Int?
    ) -> AssayModelsV1.ShadowScore? {
        guard let margin = margin.first else { return nil }
        let score = positive.map { probability[$0] } ?? only(probability)
        guard let score else { return nil }
        return AssayModelsV1.ShadowScore(
            version: version, margin: margin, score: score, band: band)
    }

    private static func only(_ values: [Double]) -> Double? {
        values.count == 1 ? values.first : nil
    }

    /// Why a version gives no single score; nil if it does.
    static func refusal(of version: ServingVersion) -> String? {
        let (margins, answers) = (version.model.marginCount, version.model.probabilityCount)
        guard margins > 0, version.post.positive != nil || answers == 1 else {
            return "version \(version.number) answers \(answers) values and none is the adverse "
                + "event's: a shadow compares one score"
        }
        return nil
    }
}
