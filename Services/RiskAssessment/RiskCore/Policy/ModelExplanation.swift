internal import Numerics

/// What the inputs of a model added to its score.
public struct ModelExplanation: Sendable, Hashable {
    public struct Attribution: Sendable, Hashable {
        /// The input, or the strongest of those with one reason code.
        public var field: String
        public var reasonCode: String
        /// Positive raises the risk.
        public var value: Double

        public init(field: String, reasonCode: String, value: Double) {
            self.field = field
            self.reasonCode = reasonCode
            self.value = value
        }

        static let longestSource = 64

        /// How contributions name it.
        var source: String {
            let source = "ML:" + field
            guard source.utf8.count > Self.longestSource else { return source }
            var cut = source
            while cut.utf8.count > Self.longestSource { cut.removeLast() }
            return cut
        }
    }

    /// Largest first.
    public var attributions: [Attribution]
    /// The values add up to a probability, not to log-odds.
    public var isInProbability: Bool

    public init(attributions: [Attribution], isInProbability: Bool = false) {
        self.attributions = attributions
        self.isInProbability = isInProbability
    }

    /// By how much each input moved the probability from where it would be without them, which is
    /// the probability's log-odds less all values: φⱼ · (p − p₀) / Σφ. Empty if nothing moved.
    func movements(to probability: Double) -> [(Attribution, Double)] {
        let sum = attributions.reduce(0) { $0 + $1.value }
        guard sum != 0, sum.isFinite, probability > 0, probability < 1 else { return [] }
        let base: Double
        if isInProbability {
            base = probability - sum
        } else {
            let logOdds = ElementaryFunctions.log(probability / (1 - probability)) - sum
            base = 1 / (1 + ElementaryFunctions.exp(-logOdds))
        }
        let scale = (probability - base) / sum
        guard base.isFinite, scale.isFinite else { return [] }
        // A value that is huge against its sum would be cut off by the sum's rounding.
        let moved = attributions.map { ($0, $0.value * scale) }
        return moved.allSatisfy { $0.1.magnitude <= 1_000 } ? moved : []
    }
}
