/// How CatBoost's loss functions turn margins into predictions.
enum CatBoostLoss {
    /// Nil if the loss is not known.
    static func link(_ loss: String, outputs: Int) -> Link? {
        switch loss {
        case "Logloss", "CrossEntropy", "Focal": outputs == 1 ? .catboostLogistic : nil
        case "MultiClass": .catboostSoftmax
        case "MultiClassOneVsAll", "MultiLogloss", "MultiCrossEntropy": .catboostOneVersusAll
        case "Poisson", "Tweedie", "LogLinQuantile": .catboostExponential
        case "RMSE", "MAE", "Quantile", "MultiQuantile", "MAPE", "Lq", "Huber", "Expectile",
            "LogCosh", "MultiRMSE", "MultiRMSEWithMissingValues", "QueryRMSE", "QuerySoftMax",
            "PairLogit", "PairLogitPairwise", "YetiRank", "YetiRankPairwise", "LambdaMart":
            .identity
        default: nil
        }
    }
}
