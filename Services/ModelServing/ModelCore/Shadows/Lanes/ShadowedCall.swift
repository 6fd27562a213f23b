internal import AssayMessages
package import Wire

/// A call whose reply was made, for a shadow: the row with what was said of it. It shares the
/// request's memory, and keeps neither subjects nor attributes.
package final class ShadowedCall: Sendable {
    package let requestID: String
    package let at: Timestamp
    let vector: UInt64
    let values: [Double]
    let status: [UInt8]
    let texts: [AssayModelsV1.CategoryText]
    let offset: Double?
    /// Of the version that answered.
    let version: UInt32
    let margin: [Double]
    let probability: [Double]
    let band: String
    /// The place of the adverse event among the answering version's probabilities.
    let positive: Int?

    init(
        _ request: AssayModelsV1.PredictRequest, _ response: AssayModelsV1.PredictResponse,
        positive: Int?, at: Timestamp
    ) {
        requestID = request.requestID
        self.at = at
        vector = request.vector
        values = request.values
        status = request.status
        texts = request.texts
        offset = request.offset
        version = response.version
        margin = response.margin
        probability = response.probability
        band = response.band
        self.positive = positive
    }

    /// What the caller got; nil if that is no single score.
    var live: AssayModelsV1.ShadowScore? {
        ShadowScorer.score(
            version, margin: margin, probability: probability, band: band, positive: positive)
    }
}
