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

/// Draws of one run, from its own seed.
struct SimulatedDraws {
    private var random: SplitMix64
    private var spare: Double?

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// In [0, 1).
    mutating func uniform() -> Double { Double(random.next() >> 11) * 0x1p-53 }

    mutating func happens(_ probability: Double) -> Bool { uniform() < probability }

    /// How many of so many units have an event of this probability.
    mutating func events(among units: Int, _ probability: Double) -> Int {
        var events = 0
        for _ in 0..<units where happens(probability) { events += 1 }
        return events
    }

    /// By the polar method of Marsaglia and Bray (1964).
    mutating func normal() -> Double {
        if let value = spare {
            spare = nil
            return value
        }
        while true {
            let first = 2 * uniform() - 1
            let second = 2 * uniform() - 1
            let square = first * first + second * second
            if square >= 1 || square == 0 { continue }
            let factor = (-2 * ElementaryFunctions.log(square) / square).squareRoot()
            spare = second * factor
            return first * factor
        }
    }
}
