/// Events that were stopped, by what they turned out to be, and the money in them.
public struct LabelCount: Sendable, Hashable {
    public internal(set) var fraud: UInt64 = 0
    public internal(set) var genuine: UInt64 = 0
    /// Minor units of the base currency.
    public internal(set) var fraudAmount: Int64 = 0
    public internal(set) var genuineAmount: Int64 = 0

    mutating func add(_ isFraud: Bool, _ amount: Int64) {
        if isFraud {
            fraud += 1
            fraudAmount = fraudAmount.addingSaturated(amount)
        } else {
            genuine += 1
            genuineAmount = genuineAmount.addingSaturated(amount)
        }
    }

    mutating func merge(_ other: LabelCount) {
        fraud += other.fraud
        genuine += other.genuine
        fraudAmount = fraudAmount.addingSaturated(other.fraudAmount)
        genuineAmount = genuineAmount.addingSaturated(other.genuineAmount)
    }

    /// Share of fraud among what was stopped.
    public var precision: ProportionEstimate {
        ProportionEstimate(successes: fraud, trials: fraud + genuine)
    }

    /// Share of all fraud that was stopped.
    public func recall(of totals: LabelTotals) -> ProportionEstimate {
        ProportionEstimate(successes: fraud, trials: totals.fraud)
    }
}

/// All events of which it is known what they turned out to be.
public typealias LabelTotals = LabelCount

/// A share with the interval in which it lies with 95 % confidence (Wilson 1927).
public struct ProportionEstimate: Sendable, Hashable {
    public let successes: UInt64
    public let trials: UInt64

    /// The 97.5 % point of the normal distribution.
    private static let quantile = 1.959963984540054

    public init(successes: UInt64, trials: UInt64) {
        self.successes = successes
        self.trials = trials
    }

    /// Nil without trials.
    public var share: Double? { trials == 0 ? nil : Double(successes) / Double(trials) }

    /// From nothing to everything without trials.
    public var interval: ClosedRange<Double> {
        guard let share else { return 0...1 }
        let n = Double(trials)
        let z2 = Self.quantile * Self.quantile
        let centre = share + z2 / (2 * n)
        let spread = Self.quantile * (share * (1 - share) / n + z2 / (4 * n * n)).squareRoot()
        let low = successes == 0 ? 0 : max(0, (centre - spread) / (1 + z2 / n))
        let high = successes == trials ? 1 : min(1, (centre + spread) / (1 + z2 / n))
        return low...high
    }
}
