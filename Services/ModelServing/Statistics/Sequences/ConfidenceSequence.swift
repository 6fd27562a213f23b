internal import Numerics

/// An interval that may be looked at as often as one likes: it holds the true value at all looks
/// together with probability 1 − alpha (asymptotic confidence sequence, Waudby-Smith, Arbour, Sinha,
/// Kennedy and Ramdas, "Time-uniform central limit theory", 2024).
///
/// It is asymptotic: the standard error must mean something, so nobody looks before some hundreds of
/// units are in.
public struct ConfidenceSequence: Sendable, Equatable {
    public enum Sides: Sendable { case one, two }

    public let alpha: Double
    public let sides: Sides
    /// Where the interval is tightest: a function of alpha and the number of units it is tuned for.
    public let rho: Double

    /// Tightest at `tuningUnits` units of both arms together. `alpha` is below 0.5 for one side.
    public init(alpha: Double, tuningUnits: Int, sides: Sides) {
        precondition(alpha > 0 && alpha < (sides == .one ? 0.5 : 1) && tuningUnits > 0, "alpha")
        self.alpha = alpha
        self.sides = sides
        let log = -2 * ElementaryFunctions.log(sides == .one ? 2 * alpha : alpha)
        rho = ((log + ElementaryFunctions.log(log + 1)) / Double(tuningUnits)).squareRoot()
    }

    /// Half the width of the interval (or its one arm), in standard errors, after `units` units of
    /// both arms together: √N · √(2(Nρ² + 1)/(N²ρ²) · ln(√(Nρ² + 1)/α)).
    public func widthInStandardErrors(units: Int) -> Double {
        let information = Double(units) * rho * rho
        let root = (information + 1).squareRoot()
        let logarithm =
            switch sides {
            case .two: ElementaryFunctions.log(root / alpha)
            case .one: ElementaryFunctions.log1p(root / (2 * alpha))
            }
        return (2 * (information + 1) / information * logarithm).squareRoot()
    }

    /// The smallest level at which the sequence, tuned as it is, would leave out a value `distance`
    /// standard errors away: valid whenever it is looked at. For one side a distance in the
    /// direction that is not looked at is negative, and the answer 1.
    public func pValue(distance: Double, units: Int) -> Double {
        if sides == .one && distance <= 0 { return 1 }
        let information = Double(units) * rho * rho
        let root = (information + 1).squareRoot()
        let exponent = distance * distance * information / (2 * (information + 1))
        let fallen = ElementaryFunctions.exp(-exponent)
        switch sides {
        case .two: return min(1, root * fallen)
        case .one: return min(1, root * fallen / (2 * (1 - fallen)))
        }
    }
}
