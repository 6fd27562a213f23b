/// Where a measure's counters lie among the columns of a tier; −1 where there is none.
struct MeasureColumns: Sendable {
    var count: Int16 = -1
    var sum: Int16 = -1
    var max: Int16 = -1
    var min: Int16 = -1
    /// Of Σ ln1024; Σ ln1024² follows it.
    var logarithms: Int16 = -1
    /// Position among the tier's ``ClassCounts``.
    var classes: Int16 = -1

    var isKept: Bool { count >= 0 }
}

/// The columns of one tier: the first is the tile's index. A class, for states hold it in a hand
/// on every event.
final class TierLayout: Sendable {
    let tier: Tier
    /// Per measure of the group.
    let columns: [MeasureColumns]
    /// The measures that are kept, ascending.
    let kept: [Int]
    let width: Int
    /// How many measures count by class.
    let classCount: Int
    /// Bit m: measure m of the group is kept here.
    let measures: UInt64
    /// The cells of a tile without events, but for its index.
    let emptyRow: [Int64]
    /// Those of them that are not 0, with their columns.
    let emptyColumns: [(column: Int, empty: Int64)]

    init(tier: Tier, position: Int, measures: [Measure]) {
        var row: [Int64] = [0]
        func take(_ wanted: Bool, _ empty: Int64...) -> Int16 {
            guard wanted else { return -1 }
            defer { row += empty }
            return Int16(row.count)
        }
        var kept: UInt64 = 0
        var classes: Int16 = 0
        columns = measures.enumerated().map { index, measure in
            var columns = MeasureColumns()
            guard measure.tiers >> UInt64(position) & 1 == 1 else { return columns }
            kept |= 1 << UInt64(index)
            columns.count = take(true, 0)
            columns.sum = take(measure.statistics.contains(.sum), 0)
            columns.max = take(measure.statistics.contains(.max), .min)
            columns.min = take(measure.statistics.contains(.min), .max)
            columns.logarithms = take(measure.statistics.contains(.logarithms), 0, 0)
            if measure.classes != nil {
                columns.classes = classes
                classes += 1
            }
            return columns
        }
        self.tier = tier
        let bits = kept
        self.kept = measures.indices.filter { bits >> UInt64($0) & 1 == 1 }
        self.measures = kept
        classCount = Int(classes)
        width = row.count
        emptyRow = row
        emptyColumns = row.enumerated().filter { $0.element != 0 }.map {
            (column: $0.offset, empty: $0.element)
        }
    }
}
