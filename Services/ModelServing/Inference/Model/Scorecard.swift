internal import Numerics

/// A points table: each attribute gives the points of the bin that its input falls into.
public struct Scorecard: Sendable, Hashable {
    /// One bin of an attribute; the bins of an attribute are asked in order.
    public struct Bin: Sendable, Hashable {
        /// The input is below this; nil: it is anything that no earlier bin took.
        public var below: Double?
        public var points: Double
    }

    public struct Attribute: Sendable, Hashable {
        /// The input's index.
        public var input: Int
        /// The reason code of points lost here; empty if it has none.
        public var reason: String
        public var bins: [Bin]
        /// Points of a missing input; nil where it may not be missing.
        public var missingPoints: Double?
        /// The points that count as neither good nor bad, where the file declares them.
        public var neutral: Double?

        /// Points of a value; NaN if it is missing and may not be.
        @inline(__always)
        public func points(_ value: Double) -> Double {
            if value.isNaN { return missingPoints ?? .nan }
            for bin in bins { if bin.below.map({ value < $0 }) ?? true { return bin.points } }
            return .nan
        }

        /// The most points that a value can have.
        public var maximum: Double {
            bins.map(\.points).reduce(missingPoints ?? -.infinity, max)
        }
    }

    /// What points mean: good:bad odds = `base` · 2^((points - `basePoints`) / `pointsToDouble`).
    public struct Odds: Sendable, Hashable {
        public var basePoints: Double
        public var base: Double
        public var pointsToDouble: Double

        /// Probability of the adverse event, the bad one.
        public func adverse(points: Double) -> Double {
            let doublings = (points - basePoints) / pointsToDouble
            return 1 / (1 + base * ElementaryFunctions.exp2(doublings))
        }
    }

    /// What a reason is measured against.
    public enum ReasonMethod: String, Sendable, Hashable, CaseIterable {
        /// The most points that the attribute can give.
        case belowMaximum = "points_below_maximum"
        case belowNeutral = "points_below_neutral"
    }

    public var odds: Odds
    public var reasonMethod: ReasonMethod
    public var attributes: [Attribute]

    /// The points against which those of an attribute are lost or won.
    public func reference(of attribute: Attribute) -> Double {
        switch reasonMethod {
        case .belowMaximum: attribute.maximum
        case .belowNeutral: attribute.neutral ?? attribute.maximum
        }
    }

    /// Points of a row, in the order of the attributes; NaN if an input is missing that may not be.
    public func points(_ row: UnsafeBufferPointer<Double>) -> Double {
        var sum = 0.0
        for attribute in attributes { sum += attribute.points(row[attribute.input]) }
        return sum
    }
}
