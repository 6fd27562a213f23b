/// One thing that an experiment measures.
public struct ExperimentMetric: Sendable, Equatable {
    public enum Role: UInt8, Sendable {
        /// Decides the experiment, at `alpha`.
        case primary = 1
        /// Shown, and decides nothing.
        case secondary = 2
        /// Stops the experiment when it is worse than its limit.
        case guardrail = 3
    }

    public enum Kind: Sendable, Equatable {
        /// Each unit has the event or not: its numerator is 1 or 0.
        case proportion
        /// The mean of the numerators.
        case mean
        /// The sum of numerators by the sum of denominators.
        case ratio
        /// The share of counts above the limit against 1 − this quantile: 0.99 for a p99.
        case quantile(Double)
        /// The lowest by the highest share of events among the unit's groups.
        case fairness(groups: Int)
    }

    public enum Direction: UInt8, Sendable {
        case higher = 1
        case lower = 2
    }

    public enum Limit: Sendable, Equatable {
        /// The arm's own value must not be worse.
        case level(Double)
        /// The lift over control must not be worse: −0.01 is one percent lower.
        case relative(Double)
    }

    public enum Source: UInt8, Sendable {
        /// One row per unit.
        case units = 1
        /// Calls counted per arm, independent of units.
        case counts = 2
    }

    public let name: String
    public let role: Role
    public let kind: Kind
    public let better: Direction
    /// What a guardrail holds; for a quantile, the value whose excess was counted.
    public let limit: Limit?
    public let source: Source

    public init(
        name: String, role: Role, kind: Kind, better: Direction, limit: Limit? = nil,
        source: Source = .units
    ) {
        self.name = name
        self.role = role
        self.kind = kind
        self.better = better
        self.limit = limit
        self.source = source
    }

    func check() throws(DesignError) {
        if role == .guardrail && limit == nil {
            throw DesignError("metric \(name): a guardrail states `worst` or `worst_relative`")
        }
        switch limit {
        case .level(let value)?, .relative(let value)?:
            guard value.isFinite else {
                throw DesignError("metric \(name): its limit is not a finite number")
            }
        case nil: break
        }
        if source == .counts {
            guard role == .guardrail else {
                throw DesignError("metric \(name): calls are not units; it can only be a guardrail")
            }
            guard kind.isCountable else {
                throw DesignError("metric \(name): only proportions and quantiles are counted")
            }
        }
        try checkKind()
    }

    private func checkKind() throws(DesignError) {
        switch kind {
        case .quantile(let quantile):
            guard quantile > 0 && quantile < 1 else {
                throw DesignError("metric \(name): the quantile lies between 0 and 1")
            }
            guard role == .guardrail && source == .counts && better == .lower else {
                throw DesignError(
                    "metric \(name): a quantile is a guardrail over counts, lower is better")
            }
            guard case .level? = limit else {
                throw DesignError("metric \(name): a quantile states `worst`")
            }
        case .fairness(let groups):
            guard (2...64).contains(groups) else {
                throw DesignError("metric \(name): \(groups) groups; expected 2 to 64")
            }
            guard role == .guardrail && better == .higher, case .level(let worst)? = limit,
                worst > 0
            else {
                throw DesignError(
                    "metric \(name): fairness is a guardrail with `worst`, higher is better")
            }
        case .proportion, .mean, .ratio: break
        }
    }
}

extension ExperimentMetric.Kind {
    fileprivate var isCountable: Bool {
        switch self {
        case .proportion, .quantile: true
        case .mean, .ratio, .fairness: false
        }
    }
}
