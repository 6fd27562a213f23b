internal import Foundation

/// How a probability of default becomes points, grade and decision.
public struct CreditPolicy: Sendable, Hashable {
    public enum Decision: String, Sendable {
        case approved, refer, declined
    }

    /// Points that double the odds of being good.
    public var pointsToDoubleOdds = 20.0
    public var points = 600.0
    /// Odds (good to bad) at which an applicant has `points`.
    public var odds = 50.0
    public var minimumPoints = 300.0
    public var maximumPoints = 850.0
    /// Grades from the best on, each with its highest probability.
    public var grades: [Grade] = [
        Grade("A", 0.01), Grade("B", 0.02), Grade("C", 0.05), Grade("D", 0.1), Grade("E", 0.2),
        Grade("F", 1),
    ]
    public var declineAbove = 0.2
    public var referAbove = 0.1
    public var maximumReasons = 4
    /// Least share of the model's inputs that must be known; below it a person decides.
    public var leastKnownShare = 0.5

    public struct Grade: Sendable, Hashable {
        public var name: String
        public var highestProbability: Double

        public init(_ name: String, _ highestProbability: Double) {
            self.name = name
            self.highestProbability = highestProbability
        }
    }

    public init() {}

    /// round(offset + factor · ln((1 − pd) / pd)), within the limits.
    public func points(of probability: Double) -> Int64 {
        let factor = pointsToDoubleOdds / log(2.0)
        let offset = points - factor * log(odds)
        let raw = offset + factor * log((1 - probability) / probability)
        guard !raw.isNaN else { return Int64(minimumPoints) }
        return Int64(min(max(raw, minimumPoints), maximumPoints).rounded())
    }

    public func grade(of probability: Double) -> String {
        grades.first { probability <= $0.highestProbability }?.name ?? grades.last?.name ?? ""
    }

    public func decision(of probability: Double) -> Decision {
        if probability > declineAbove { return .declined }
        return probability > referAbove ? .refer : .approved
    }
}
