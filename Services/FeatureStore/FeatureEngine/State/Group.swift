/// Everything one state holds: what is kept of an entity type.
///
/// It is shared by all its states and never changes. What it declares is named by position from
/// then on: in sources, in reads, and in the sections of a blob.
public final class Group: Sendable {
    public static let maximumTiers = 16
    public static let maximumMeasures = 63
    public static let maximumRegisters = 256
    /// Of attributes, of tables and of recent lists, each.
    public static let maximumLists = 32

    public let tiers: [Tier]
    public let measures: [Measure]
    public let registers: [Register]
    public let attributes: [Attribute]
    public let tables: [KeyedTable]
    public let recents: [RecentList]

    let layouts: [TierLayout]
    let registerLayouts: [ValueLayout]
    let tableLayouts: [ValueLayout]
    let recentLayouts: [ValueLayout]
    /// Of each register, attribute, table and recent list.
    let registerRetentions: [Retention]
    let attributeRetentions: [Retention]
    let tableRetentions: [Retention]
    let recentRetentions: [Retention]
    /// How long something is remembered: each length once, for ever left out.
    let retentions: [Retention]
    /// Per event type.
    let programs: [EventProgram]
    /// What a state holds before its first event.
    let empty: EmptyState

    /// The limits are checked by whoever compiles definitions.
    public init(
        tiers: [Tier] = [], measures: [Measure] = [], registers: [Register] = [],
        attributes: [Attribute] = [], tables: [KeyedTable] = [], recents: [RecentList] = []
    ) {
        precondition(tiers.count <= Self.maximumTiers)
        precondition(measures.count <= Self.maximumMeasures)
        precondition(registers.count <= Self.maximumRegisters)
        precondition(max(attributes.count, tables.count, recents.count) <= Self.maximumLists)
        self.tiers = tiers
        self.measures = measures
        self.registers = registers
        self.attributes = attributes
        self.tables = tables
        self.recents = recents
        layouts = tiers.enumerated().map {
            TierLayout(tier: $0.element, position: $0.offset, measures: measures)
        }
        registerLayouts = registers.map { ValueLayout(time: 0, kinds: $0.values) }
        tableLayouts = tables.map(\.layout)
        recentLayouts = recents.map { ValueLayout(time: 0, kinds: $0.values) }
        registerRetentions = registers.map { Retention($0.remember) }
        attributeRetentions = attributes.map { Retention($0.remember) }
        tableRetentions = tables.map { Retention($0.remember) }
        recentRetentions = recents.map { Retention($0.remember) }
        spans =
            registers.map(\.remember) + attributes.map(\.remember) + tables.map(\.remember)
            + recents.map(\.remember)
        retentions = Set(spans.compactMap { $0 }).sorted().map { Retention($0) }
        programs = Self.programs(measures, registers, attributes, tables, recents)
        empty = EmptyState(
            tiles: layouts.map(Tiles.init), registers: Registers(registerLayouts),
            attributes: attributes.map { _ in AttributeValues() },
            tables: tableLayouts.map(TableRows.init), recents: recentLayouts.map(RecentRows.init))
    }

    struct EmptyState: Sendable {
        let tiles: [Tiles]
        let registers: Registers
        let attributes: [AttributeValues]
        let tables: [TableRows]
        let recents: [RecentRows]
    }

    private let spans: [Int64?]

    /// How far back a state's values reach, in milliseconds: an untouched state older than this,
    /// and the time that events may be late, has nothing to say (R16). Nil keeps it for ever.
    public var reach: Int64? {
        guard !tiers.contains(.ever), !spans.contains(nil) else { return nil }
        let remembered = retentions.map { ($0.span ?? 0) + $0.hop }
        return (tiers.map { $0.span + $0.hop } + remembered).max() ?? 0
    }
}
