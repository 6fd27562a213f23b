/// Two shares compared: the pooled z test, and the unpooled interval of their difference.
public struct TwoProportionTest: Sendable, Equatable {
    /// Treatment − control.
    public let difference: Double
    /// Unpooled: of the difference, also when the two shares differ.
    public let standardError: Double
    /// Of the pooled test; 0 if no unit, or every unit, has the event.
    public let z: Double
    public let pValue: Double

    public init(control: Share, treatment: Share) {
        difference = treatment.value - control.value
        standardError = (control.squaredError + treatment.squaredError).squareRoot()
        let pooled = Share(
            events: control.events + treatment.events, trials: control.trials + treatment.trials)
        let n = Double(control.trials)
        let m = Double(treatment.trials)
        let variance = pooled.value * (1 - pooled.value) * (1 / n + 1 / m)
        z = variance > 0 ? difference / variance.squareRoot() : 0
        pValue = NormalDistribution.twoSidedTail(z)
    }

    /// The interval that holds the difference with probability 1 − alpha, in one look.
    public func interval(alpha: Double) -> ConfidenceInterval {
        ConfidenceInterval(
            center: difference,
            halfWidth: NormalDistribution.upperQuantile(alpha / 2) * standardError)
    }
}

/// Events among trials, counted exactly.
public struct Share: Sendable, Equatable {
    public let events: Int
    public let trials: Int

    /// `trials` is positive, and `events` at most as many.
    public init(events: Int, trials: Int) {
        precondition(trials > 0 && (0...trials).contains(events), "events among trials")
        self.events = events
        self.trials = trials
    }

    public var value: Double { Double(events) / Double(trials) }

    /// The square of the share's standard error.
    public var squaredError: Double { value * (1 - value) / Double(trials) }
}

/// A range with its ends.
public struct ConfidenceInterval: Sendable, Equatable {
    public let lower: Double
    public let upper: Double

    public init(lower: Double, upper: Double) {
        self.lower = lower
        self.upper = upper
    }

    init(center: Double, halfWidth: Double) {
        self.init(lower: center - halfWidth, upper: center + halfWidth)
    }
}
