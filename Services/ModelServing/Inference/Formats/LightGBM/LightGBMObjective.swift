/// The training objectives of LightGBM that decide how a margin becomes a prediction.
enum LightGBMObjective {
    /// The link of an objective as the header states it, such as `binary sigmoid:1`.
    static func link(_ field: LightGBMField) throws(ModelFileError) -> Link {
        var name: LightGBMField.Token?
        var parameters: [String: LightGBMField.Token] = [:]
        try field.visit { (token) throws(ModelFileError) in
            guard name != nil else {
                name = token
                return
            }
            let key = String(
                decoding: token.bytes.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
            parameters[key] = token
        }
        guard let name else { throw field.error("the objective is empty") }
        let text = String(decoding: name.bytes, as: UTF8.self)
        guard let link = try link(text, parameters) else {
            throw name.error(
                "the objective \"\(text.prefix(64))\" is not supported",
                remedy: "supported are \(supported.joined(separator: ", "))")
        }
        let known: Set = ["sqrt", "sigmoid", "num_class", "alpha", "tweedie_variance_power"]
        for (key, token) in parameters where !known.contains(key) {
            throw token.error("the parameter \"\(key.prefix(64))\" of an objective is not known")
        }
        return link
    }

    /// Number of classes that the objective itself states.
    static func classes(_ field: LightGBMField) throws(ModelFileError) -> Int? {
        var classes: Int?
        let prefix = Array("num_class:".utf8)
        try field.visit { (token) throws(ModelFileError) in
            guard token.bytes.starts(with: prefix) else { return }
            let start = token.range.lowerBound + prefix.count
            let number = LightGBMField.Token(
                field: field, range: start..<token.range.upperBound, position: token.position)
            classes = try number.integer(in: 1...Int(Int32.max))
        }
        return classes
    }

    private static let supported = [
        "regression", "regression_l1", "huber", "fair", "quantile", "mape", "poisson", "gamma",
        "tweedie", "binary", "multiclass", "multiclassova", "cross_entropy",
        "cross_entropy_lambda", "lambdarank", "rank_xendcg",
    ]

    private static func link(
        _ name: String, _ parameters: [String: LightGBMField.Token]
    ) throws(ModelFileError) -> Link? {
        switch name {
        case "regression", "regression_l1", "fair", "quantile", "mape":
            return parameters["sqrt"] == nil ? .identity : .squareKeepingSign
        case "huber", "lambdarank", "rank_xendcg": return .identity
        case "custom": return .unknown
        case "poisson", "gamma", "tweedie": return .lightgbmExponential
        case "binary": return .lightgbmLogistic(sigmoid: try sigmoid(parameters["sigmoid"]))
        case "multiclass": return .lightgbmSoftmax
        case "multiclassova":
            return .lightgbmLogistic(sigmoid: try sigmoid(parameters["sigmoid"]))
        case "cross_entropy", "xentropy": return .lightgbmLogistic(sigmoid: 1)
        case "cross_entropy_lambda", "xentlambda": return .crossEntropyLambda
        default: return nil
        }
    }

    private static func sigmoid(_ token: LightGBMField.Token?) throws(ModelFileError) -> Double {
        guard let token else { return 1 }
        let start = token.range.lowerBound + "sigmoid:".utf8.count
        let number = LightGBMField.Token(
            field: token.field, range: min(start, token.range.upperBound)..<token.range.upperBound,
            position: token.position)
        let value = try number.finite()
        guard value > 0 else { throw number.error("expected a number above 0") }
        return value
    }
}
