internal import Numerics

/// The training objectives of XGBoost that decide how a margin becomes a prediction.
public struct XGBoostObjective: Sendable, Hashable {
    public let name: String
    public let link: Link
    /// How `base_score`, which the file holds after the link, becomes a margin.
    let base: Base

    enum Base: Sendable { case logit, logarithm, identity }

    static let supported: [XGBoostObjective] = [
        .init("binary:logistic", .xgboostLogistic, .logit),
        .init("reg:logistic", .xgboostLogistic, .logit),
        .init("binary:logitraw", .identity, .identity),
        .init("binary:hinge", .hinge, .identity),
        .init("reg:squarederror", .identity, .identity),
        .init("reg:linear", .identity, .identity),
        .init("reg:squaredlogerror", .identity, .identity),
        .init("reg:pseudohubererror", .identity, .identity),
        .init("reg:absoluteerror", .identity, .identity),
        .init("reg:gamma", .xgboostExponential, .logarithm),
        .init("reg:tweedie", .xgboostExponential, .logarithm),
        .init("count:poisson", .xgboostExponential, .logarithm),
        .init("reg:quantileerror", .identity, .identity),
        .init("reg:expectileerror", .risingExpectiles, .identity),
        .init("survival:cox", .xgboostExponential, .logarithm),
        .init("survival:aft", .xgboostExponential, .logarithm),
        .init("rank:pairwise", .identity, .identity),
        .init("rank:ndcg", .identity, .identity),
        .init("rank:map", .identity, .identity),
        .init("multi:softprob", .xgboostSoftmax, .identity),
        .init("multi:softmax", .xgboostSoftmax, .identity),
    ]

    private init(_ name: String, _ link: Link, _ base: Base) {
        self.name = name
        self.link = link
        self.base = base
    }

    /// The link of a model with several outputs; newer versions keep quantiles from crossing.
    func link(outputs: Int, version: [Int]) -> Link {
        if link == .risingExpectiles, outputs == 1 { return .identity }
        guard name == "reg:quantileerror", outputs > 1 else { return link }
        return version.lexicographicallyPrecedes([3, 4]) ? .identity : .ascending
    }

    /// The margin of a base score, or nil where the objective has none for it.
    ///
    /// - Parameter clamps: XGBoost 3.2 and later keep a logistic base score inside [1e-6, 1 -
    ///   1e-6].
    func margin(ofBaseScore score: Float, clamps: Bool) -> Float? {
        switch base {
        case .identity: return score
        case .logarithm: return score > 0 ? ElementaryFunctions.log(score) : nil
        case .logit:
            let score = clamps ? min(max(score, 1e-6), 1 - 1e-6) : score
            guard score > 0, score < 1 else { return nil }
            return -ElementaryFunctions.log(1 / score - 1)
        }
    }
}
