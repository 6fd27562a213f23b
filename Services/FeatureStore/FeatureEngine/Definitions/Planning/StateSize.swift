/// How large the states of an entity are, as blobs.
public struct StateSize: Hashable, Sendable {
    /// A state never has more.
    public static let maximumBytes = 1 << 20

    public let entity: String
    /// Bytes after a quarter with 2 events a day, and with 400: measured on states made for it.
    public let quiet: Int
    public let busy: Int
    /// An upper bound, for times of this millennium and no count of a tile beyond 2³⁵.
    public let largest: Int

    init(of entity: EntityDefinition, in set: DefinitionSet) {
        self.entity = entity.name
        let sample = StateSample(of: entity, in: set)
        quiet = sample.bytes(eventsPerDay: 2)
        busy = sample.bytes(eventsPerDay: 400)
        largest = Self.bound(of: entity)
    }

    // MARK: The largest

    /// Longest varint of a count in a tile, of a 64-bit number, of a time and of a distance.
    private static let (count, number, time, sequence) = (5, 10, 6, 10)

    /// Everything full, every number as long as can be.
    static func bound(of entity: EntityDefinition) -> Int {
        let group = entity.group
        var bytes = 44 + SequenceRing.capacity * 2 * number + group.tiers.count * 2 * number
        let classes = Dictionary(
            entity.counts.map { ($0.measure, $0.maximumClasses) }, uniquingKeysWith: max)
        for (position, tier) in group.tiers.enumerated() {
            var tile = 2 * number
            for (index, measure) in group.measures.enumerated()
            where measure.tiers >> UInt64(position) & 1 == 1 {
                tile += Self.tile(of: measure, classes: classes[index])
            }
            bytes += tile * Int(tier == .ever ? 1 : tier.maximumTiles)
        }
        for attribute in group.attributes {
            bytes += attribute.exact * (8 + 2 * time + count)
            bytes += (1 << attribute.sketchBits) * (1 + SlidingSketch.maximumRank * (1 + time))
        }
        for table in group.tables {
            bytes += table.rows * (8 + row(table.layout) + table.layout.sums * number)
        }
        for list in group.recents {
            bytes += list.rows * row(ValueLayout(time: 0, kinds: list.values))
        }
        for register in group.registers {
            bytes += row(ValueLayout(time: 0, kinds: register.values))
        }
        return bytes
    }

    private static func tile(of measure: Measure, classes: Int?) -> Int {
        guard measure.classes == nil else { return count * (2 + 2 * (classes ?? 0)) }
        let statistics = measure.statistics
        var bytes = count
        if statistics.contains(.sum) { bytes += number }
        if statistics.contains(.max) { bytes += number }
        if statistics.contains(.min) { bytes += number }
        if statistics.contains(.logarithms) { bytes += 2 * number }
        return bytes
    }

    private static func row(_ layout: ValueLayout) -> Int {
        time + sequence + number + layout.kinds.count * number
    }
}
