internal import Numerics
internal import Statistics

/// Assignments looked at again and again, with a part of one arm's exposures lost: how often does the
/// sample ratio alarm?
public struct SampleRatioSimulation: Sendable {
    /// Of the second arm's exposures.
    public let lost: Double
    public var runs = 10_000
    public var looks = 30
    /// Of both arms.
    public var unitsPerLook = 2_000
    public var seed: UInt64 = 1

    public static let alpha = 0.001

    public init(lost: Double) { self.lost = lost }

    public struct Found: Sendable {
        /// Runs in which the sequential check alarmed at some look.
        public var sequential = 0
        /// Runs in which the χ² test alarmed at some look, as if it were the only one.
        public var peeking = 0
        /// Runs in which the χ² test alarmed at the last look.
        public var oneLook = 0
        /// Looks until the sequential check alarmed, over the runs in which it did.
        public var looksUntilAlarm = 0
    }

    public func run() -> Found {
        var seeds = SplitMix64(seed: seed)
        var found = Found()
        for _ in 0..<runs { simulate(seeds.next(), &found) }
        return found
    }

    private func simulate(_ seed: UInt64, _ found: inout Found) {
        var random = SimulatedDraws(seed: seed)
        var units = [0, 0]
        var alarm: Int?
        var peeked = false
        var last = false
        for look in 1...looks {
            let treatment = random.events(among: unitsPerLook, 0.5)
            units[0] += unitsPerLook - treatment
            units[1] += treatment - (lost > 0 ? random.events(among: treatment, lost) : 0)
            let test = SampleRatioTest(units: units, weights: [1, 1])
            last = (test?.pValue ?? 1) < Self.alpha
            peeked = peeked || last
            if alarm == nil,
                SequentialSampleRatio.pValue(units: units, weights: [1, 1]) < Self.alpha
            {
                alarm = look
            }
        }
        found.sequential += alarm == nil ? 0 : 1
        found.looksUntilAlarm += alarm ?? 0
        found.peeking += peeked ? 1 : 0
        found.oneLook += last ? 1 : 0
    }
}
