/// What a metric reads of a unit's life: the names of facts that are added up, and until when.
public struct UnitMeasure: Sendable, Equatable {
    /// What was known of a unit before it met its arm.
    public enum Covariate: Sendable, Equatable {
        /// The sum of the facts of this name that were observed before the unit's first exposure; 0 if
        /// there are none.
        case past(String)
        /// The fact of this name of the call that was the first exposure; unknown if there is none.
        case first(String)

        public var name: String {
            switch self {
            case .past(let name), .first(let name): name
            }
        }
    }

    /// Of a proportion: the unit has the event if these facts add up to more than 0.
    public let numerator: String
    /// Of a ratio.
    public let denominator: String?
    public let covariate: Covariate?
    /// Milliseconds: what is younger does not count yet.
    public let maturity: Int64

    public init(
        numerator: String, denominator: String? = nil, covariate: Covariate? = nil,
        maturity: Int64 = 0
    ) {
        self.numerator = numerator
        self.denominator = denominator
        self.covariate = covariate
        self.maturity = max(0, maturity)
    }
}

/// When a unit met which arm. One per unit, or more: the first counts, another arm is a crossover.
public struct UnitExposure: Sendable, Equatable {
    /// Hash of the draw of the arm.
    public let unit: UInt64
    public let arm: String
    /// Milliseconds since 1970, UTC.
    public let at: Int64
    public let flags: UnitRow.Flags

    public init(unit: UInt64, arm: String, at: Int64, flags: UnitRow.Flags = []) {
        self.unit = unit
        self.arm = arm
        self.at = at
        self.flags = flags
    }
}

/// One number about a call or a unit: an outcome, or what a decision saw and said.
public struct UnitFact: Sendable, Equatable {
    public enum Subject: Sendable, Equatable {
        /// A call that was told of with `add(call:…)`.
        case call(String)
        /// What the fact speaks of happened then; milliseconds since 1970, UTC.
        case unit(UInt64, at: Int64)
    }

    public let name: String
    public let subject: Subject
    public let value: Double
    /// Milliseconds since 1970, UTC.
    public let observedAt: Int64

    public init(name: String, subject: Subject, value: Double, observedAt: Int64) {
        self.name = name
        self.subject = subject
        self.value = value
        self.observedAt = observedAt
    }
}
