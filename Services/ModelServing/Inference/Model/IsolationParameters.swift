internal import Numerics

/// What an isolation forest needs besides its trees, whose leaves are path lengths (Liu, Ting and
/// Zhou 2008).
public struct IsolationParameters: Sendable, Hashable {
    /// Rows that each tree was grown from.
    public var maximumSamples: Int
    /// Scores below it are anomalies: `score_samples` is minus the score, so it is negative.
    public var offset: Double

    public init(maximumSamples: Int, offset: Double) {
        self.maximumSamples = maximumSamples
        self.offset = offset
    }

    /// What scikit-learn's methods answer for a score: `score_samples`, `decision_function` and
    /// `predict`, which is -1 for an anomaly.
    public func outputs(score: Double) -> (scoreSamples: Double, decision: Double, predict: Double)
    {
        let decision = -score - offset
        return (-score, decision, decision < 0 ? -1 : 1)
    }

    /// Expected path length of an unsuccessful search in a binary tree of `count` nodes (Liu et al.
    /// 2008, eq. 1), with the harmonic number by Euler's constant.
    static func pathLength(_ count: Int) -> Double {
        if count <= 1 { return 0 }
        if count == 2 { return 1 }
        let n = Double(count)
        return 2 * (ElementaryFunctions.log(n - 1) + 0.5772156649015329) - 2 * (n - 1) / n
    }
}
