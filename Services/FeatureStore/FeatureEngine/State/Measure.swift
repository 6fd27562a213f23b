internal import RuleLanguage

/// A base counter of a group: what every tile keeps for one kind of event.
///
/// Features that count the same events share a measure; `avg` and `sum` of one field are one.
public struct Measure: Hashable, Sendable {
    /// What is kept beside the count.
    public struct Statistics: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let sum = Statistics(rawValue: 1)
        public static let max = Statistics(rawValue: 2)
        public static let min = Statistics(rawValue: 4)
        /// Sums of ln1024 of the value and of its square (R8).
        public static let logarithms = Statistics(rawValue: 8)
    }

    /// How a measure that counts by class (`count_by`) gets the class of a value.
    public enum Classes: UInt8, Hashable, Sendable {
        /// The value itself, up to 65,535; a greater or negative one is class 0, "other".
        case code
        /// Class 0 up to 1, then four for each factor e: 1 + ln1024(value) / 256.
        case magnitude
    }

    /// Each with at most one value: the counted field.
    public let sources: [Source]
    public let statistics: Statistics
    /// Not nil: events are counted by the class of their value, and nothing else is kept.
    public let classes: Classes?
    /// Bit i: the group's tier i keeps this measure.
    public let tiers: UInt64

    /// `statistics` always has the sum if a value is counted, and nothing if events are.
    public init(
        sources: [Source], statistics: Statistics = [], classes: Classes? = nil, tiers: UInt64
    ) {
        let takesValue = sources.contains { !$0.values.isEmpty }
        precondition(sources.allSatisfy { $0.values.isEmpty != takesValue && $0.values.count < 2 })
        self.sources = sources
        self.statistics = takesValue && classes == nil ? statistics.union(.sum) : []
        self.classes = classes
        self.tiers = tiers
    }
}

extension Measure.Classes {
    static let maximum: Int64 = 65_535

    public func callAsFunction(_ value: Int64) -> Int64 {
        switch self {
        case .code: (0...Self.maximum).contains(value) ? value : 0
        case .magnitude: Logarithm.magnitude(value)
        }
    }
}
