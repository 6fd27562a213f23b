/// Everything one state holds: what is kept of an entity type.
///
/// It is shared by all its states and never changes.
public final class Group: Sendable {
    public static let maximumTiers = 16
    public static let maximumMeasures = 63

    public let tiers: [Tier]
    public let measures: [Measure]
    let layouts: [TierLayout]
    /// Per event type.
    let programs: [EventProgram]

    /// The limits are checked by whoever compiles definitions.
    public init(tiers: [Tier], measures: [Measure]) {
        precondition(tiers.count <= Self.maximumTiers)
        precondition(measures.count <= Self.maximumMeasures)
        self.tiers = tiers
        self.measures = measures
        layouts = tiers.enumerated().map {
            TierLayout(tier: $0.element, position: $0.offset, measures: measures)
        }
        programs = EventProgram.compile(measures: measures)
    }

    /// How far back a state's values reach, in milliseconds: an untouched state older than this,
    /// and the time that events may be late, has nothing to say (R16). Nil keeps it for ever.
    public var reach: Int64? {
        guard !tiers.contains(.ever) else { return nil }
        return tiers.map { $0.span + $0.hop }.max() ?? 0
    }
}
