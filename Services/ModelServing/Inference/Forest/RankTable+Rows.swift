extension RankTable {
    /// The table as its block holds it.
    struct Layout: Sendable {
        var columns: ForestBlock.Section<Column>
        var groups: ForestBlock.Section<Group>
        var singleKeys: ForestBlock.Section<UInt32>
        var doubleKeys: ForestBlock.Section<UInt64>
    }

    func layout(in block: inout ForestBlock.Builder) -> Layout {
        Layout(
            columns: block.add(columns), groups: block.add(groups),
            singleKeys: block.add(singleKeys), doubleKeys: block.add(doubleKeys))
    }
}

/// Fills the slots of a row. A rank stands in the upper half of its word, so that it compares with
/// the word of a node as a whole: `node < slot` exactly if the threshold's rank is below the row's.
///
/// The pointers are into the block, `ranks` is the caller's and has two places per column.
struct RankFill {
    let columns: UnsafePointer<RankTable.Column>
    let groups: UnsafePointer<RankTable.Group>
    let groupCount: Int

    @inline(__always) static var missingRight: UInt32 { 0xFFFF_0000 }

    @inline(__always)
    func fill<Value: BinaryFloatingPoint, Key: RankKey>(
        _ ranks: UnsafeMutablePointer<UInt32>, from row: UnsafePointer<Value>,
        _ keys: UnsafePointer<Key>
    ) {
        var columns = columns
        var ranks = ranks
        var group = groups
        let end = groups + groupCount
        while group < end {
            let depth = Int(group.pointee.depth)
            let size = 1 &<< depth
            var keys = keys + group.pointee.firstKey
            var count = Int(group.pointee.count)
            // Four at a time: each search waits for its own loads only.
            while count >= 4 {
                let a = Key.entry(row, columns[0])
                let b = Key.entry(row, columns[1])
                let c = Key.entry(row, columns[2])
                let d = Key.entry(row, columns[3])
                let (second, third, fourth) = (keys + size, keys + 2 &* size, keys + 3 &* size)
                var (i, j, k, l) = (1, 1, 1, 1)
                var level = depth
                while level > 0 {
                    i = i &+ i &+ (keys[i] < a.key ? 1 : 0)
                    j = j &+ j &+ (second[j] < b.key ? 1 : 0)
                    k = k &+ k &+ (third[k] < c.key ? 1 : 0)
                    l = l &+ l &+ (fourth[l] < d.key ? 1 : 0)
                    level = level &- 1
                }
                Self.store(ranks, i &- size, a.isMissing)
                Self.store(ranks + 2, j &- size, b.isMissing)
                Self.store(ranks + 4, k &- size, c.isMissing)
                Self.store(ranks + 6, l &- size, d.isMissing)
                (columns, ranks, keys) = (columns + 4, ranks + 8, keys + 4 &* size)
                count = count &- 4
            }
            while count > 0 {
                let a = Key.entry(row, columns[0])
                var i = 1
                var level = depth
                while level > 0 {
                    i = i &+ i &+ (keys[i] < a.key ? 1 : 0)
                    level = level &- 1
                }
                Self.store(ranks, i &- size, a.isMissing)
                (columns, ranks, keys) = (columns + 1, ranks + 2, keys + size)
                count = count &- 1
            }
            group += 1
        }
    }

    @inline(__always)
    private static func store(
        _ ranks: UnsafeMutablePointer<UInt32>, _ rank: Int, _ isMissing: Bool
    ) {
        let rank = UInt32(truncatingIfNeeded: rank) &<< 16
        ranks[0] = isMissing ? 0 : rank
        ranks[1] = isMissing ? missingRight : rank
    }
}
