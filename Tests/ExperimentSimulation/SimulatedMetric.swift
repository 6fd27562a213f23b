internal import Numerics

/// What the units of a simulated experiment do: the same in both arms.
public enum SimulatedMetric: Sendable, CustomStringConvertible {
    /// Each unit has the event with this probability.
    case share(Double)
    /// Most units lose nothing, one in twenty loses an amount with a long tail.
    case loss
    /// The losses by the amounts of the payments they belong to.
    case lossRatio

    public var description: String {
        switch self {
        case .share(let p): "share of \(p)"
        case .loss: "mean loss, one in twenty, log-normal"
        case .lossRatio: "loss by amount, a ratio"
        }
    }

    /// One unit's numerator and denominator.
    func draw(_ random: inout SimulatedDraws) -> (y: Double, x: Double) {
        switch self {
        case .share(let p): return (random.happens(p) ? 1 : 0, 1)
        case .loss: return (random.happens(0.05) ? ElementaryFunctions.exp(random.normal()) : 0, 1)
        case .lossRatio:
            let amount = ElementaryFunctions.exp(random.normal())
            return (random.happens(0.05) ? amount : 0, amount)
        }
    }
}
