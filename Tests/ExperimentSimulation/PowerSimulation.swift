internal import Numerics
internal import Statistics

/// Experiments whose arms differ, of the size that the formula asks for: how often is it found?
public struct PowerSimulation: Sendable {
    public let control: Double
    public let treatment: Double
    public let power: Double
    public var alpha = 0.05
    public var runs = 10_000
    public var seed: UInt64 = 1

    public init(control: Double, treatment: Double, power: Double) {
        self.control = control
        self.treatment = treatment
        self.power = power
    }

    /// What the formula asks for.
    public var unitsPerArm: Int {
        SampleSize.unitsPerArm(
            control: control, treatment: treatment, alpha: alpha, power: power) ?? 0
    }

    /// How many runs found it, in one look.
    public func run() -> Int {
        var seeds = SplitMix64(seed: seed)
        let units = unitsPerArm
        var found = 0
        for _ in 0..<runs {
            var random = SimulatedDraws(seed: seeds.next())
            let first = Share(events: random.events(among: units, control), trials: units)
            let second = Share(events: random.events(among: units, treatment), trials: units)
            let test = TwoProportionTest(control: first, treatment: second)
            if test.pValue <= alpha { found += 1 }
        }
        return found
    }
}
