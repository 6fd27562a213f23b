/// The tiles of one tier of one state, ascending, only those that hold something.
///
/// All tiles lie in one array, `stride` cells each, so that a window is one straight loop.
struct Tiles: Hashable, Sendable {
    var cells: [Int64] = []
    /// Events that came after their tile had left the tier.
    var lateCount: UInt64 = 0
    /// Bit m: a counter of measure m stopped at its limit.
    var overflowed: UInt64 = 0
    /// The clock when something was last late or overflowed; 0 if both are 0.
    var markedAt: Int64 = 0

    /// Drops tiles and marks that no window can reach any more once the clock is `clock`.
    mutating func advance(to clock: Int64, _ layout: TierLayout) {
        let oldest = layout.tier.oldestTile(at: clock, length: layout.tier.span)
        let kept = firstRow(from: oldest, layout)
        if kept > 0 { cells.removeFirst(kept * layout.stride) }
        guard isMarked, !marks(reach: clock, layout.tier) else { return }
        lateCount = 0
        overflowed = 0
        markedAt = 0
    }

    var isMarked: Bool { lateCount != 0 || overflowed != 0 }

    /// Whether the tier has not yet turned over since it was marked (R6, R12).
    func marks(reach clock: Int64, _ tier: Tier) -> Bool {
        isMarked && clock - markedAt < tier.span + tier.hop
    }

    /// Position of the first tile that is not older than `oldest`.
    func firstRow(from oldest: Int64, _ layout: TierLayout) -> Int {
        var low = 0
        var high = cells.count / layout.stride
        while low < high {
            let middle = (low + high) / 2
            if cells[middle * layout.stride] < oldest { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Counts an event at `time` in every measure that takes it. The clock is not before `time`.
    mutating func add(
        _ event: EngineEvent, touches: UInt64, group: Group, layout: TierLayout, clock: Int64
    ) {
        let tile = event.time.floorDivided(by: layout.tier.hop)
        let oldest = layout.tier.oldestTile(at: clock, length: layout.tier.span)
        var row: Int?
        for columns in layout.columns {
            let measure = group.measures[columns.measure]
            guard measure.takes(event, touches: touches) else { continue }
            guard tile >= oldest else {
                mark(at: clock) { $0.lateCount += $0.lateCount < UInt64(Int64.max) ? 1 : 0 }
                return
            }
            let start = row ?? makeRow(tile, layout)
            row = start
            if !count(measure.field.map { event.integers[$0] ?? 0 }, columns, at: start) {
                mark(at: clock) { $0.overflowed |= 1 << UInt64(columns.measure) }
            }
        }
    }

    private mutating func mark(at clock: Int64, _ change: (inout Tiles) -> Void) {
        change(&self)
        markedAt = max(markedAt, clock)
    }

    /// The first cell of the tile, which is made if it is not there. New tiles come last, mostly.
    private mutating func makeRow(_ tile: Int64, _ layout: TierLayout) -> Int {
        let stride = layout.stride
        let last = cells.count - stride
        if last >= 0, cells[last] == tile { return last }
        let isNewest = last < 0 || cells[last] < tile
        let start = isNewest ? cells.count : firstRow(from: tile, layout) * stride
        if start < cells.count, cells[start] == tile { return start }
        cells.insert(contentsOf: repeatElement(0, count: stride), at: start)
        cells[start] = tile
        return start
    }

    /// False if a counter stopped at its limit.
    private mutating func count(_ value: Int64?, _ columns: Columns, at start: Int) -> Bool {
        let isFirst = cells[start + columns.count] == 0
        var exact = cells[start + columns.count].add(1)
        guard let value else { return exact }
        func merge(_ column: Int?, _ choose: (Int64, Int64) -> Int64) {
            guard let column else { return }
            cells[start + column] = isFirst ? value : choose(cells[start + column], value)
        }
        if let sum = columns.sum { exact = cells[start + sum].add(value) && exact }
        merge(columns.max, max)
        merge(columns.min, min)
        if let logarithms = columns.logarithms {
            let logarithm = Logarithm.ln1024(value)
            exact = cells[start + logarithms].add(logarithm) && exact
            exact = cells[start + logarithms + 1].add(logarithm * logarithm) && exact
        }
        return exact
    }
}

extension Measure {
    /// Whether the event adds to this measure: its type, its role, and the field it counts.
    func takes(_ event: EngineEvent, touches: UInt64) -> Bool {
        guard self.event == event.type, touches >> UInt64(touch) & 1 == 1 else { return false }
        guard let field else { return true }
        return event.integers[field] != nil
    }
}
